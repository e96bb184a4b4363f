import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { DockerClient } from "../../lib/client.ts";
import { ConnectionError, ProtocolError } from "../../lib/errors.ts";
import { fetchTransport } from "../../lib/transport/fetch.ts";
import type { Transport } from "../../lib/transport/transport.ts";

/** An engine that answers every request but the ping with this body. */
function answering(
  body: BodyInit | null,
  onRequest: (init: RequestInit) => void = () => {},
): DockerClient {
  return new DockerClient(fetchTransport("http://engine.example", {
    fetch: (url, init) => {
      if (String(url).endsWith("/_ping")) {
        return Promise.resolve(
          new Response("OK", { headers: { "Api-Version": "1.41" } }),
        );
      }
      onRequest(init ?? {});
      return Promise.resolve(new Response(body));
    },
  }));
}

const CALLS: readonly ((docker: DockerClient) => Promise<unknown>)[] = [
  (docker) => docker.info(),
  (docker) => docker.version(),
  (docker) => docker.imageInspect("x"),
  (docker) => docker.imageHistory("x"),
  (docker) => docker.imageRemove("x"),
  (docker) => docker.imagePrune(),
  (docker) => docker.buildPrune(),
  (docker) => docker.distributionInspect("x"),
  (docker) => docker.imageImport(new Blob(["tar"]).stream()),
];

Deno.test("an answer that is no JSON, or is cut off, is a ProtocolError that quotes nothing of it", async () => {
  for (const body of ["<html>proxy hunter2</html>", '{"Id": "hunter2', ""]) {
    for (const call of CALLS) {
      const error = await assertRejects(
        () => call(answering(body)),
        ProtocolError,
      );
      assertEquals(error.cause, undefined);
      assertEquals(error.message.includes("hunter2"), false);
    }
  }
});

Deno.test("an answer that breaks off is a ConnectionError", async () => {
  for (const call of CALLS) {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new TypeError("connection reset"));
      },
    });
    await assertRejects(() => call(answering(body)), ConnectionError);
  }
});

Deno.test("imageImport() gives back the tar when the engine refuses", async () => {
  let cancelled = false;
  const tar = new ReadableStream<Uint8Array>({
    cancel() {
      cancelled = true;
    },
  });
  const docker = answering("null\n");
  await assertRejects(() => docker.imageImport(tar), ProtocolError);
  assert(cancelled);
});

Deno.test("a signal ends the waiting for an engine that says nothing, for each call by itself", async () => {
  const { promise: answer, resolve } = Promise.withResolvers<Response>();
  const silent: Transport = { fetch: () => answer, close() {} };
  const docker = new DockerClient(silent);
  const reason = new Error("no more patience");
  const waiting = docker.ping();
  const given = new AbortController();
  const { signal } = given;
  const calls = [
    docker.ping({ signal }),
    docker.info({ signal }),
    docker.apiVersion({ signal }),
    docker.buildPrune({ signal }),
    docker.imageInspect("x", { signal }),
    docker.imagePull("x", { signal }).wait(),
    docker.imageBuild(new URL("https://git.example/x.git"), { signal }).wait(),
  ].map((call) => call.then(() => "done", (error) => error));
  await using pull = docker.imagePull("x");
  given.abort(reason);
  assertEquals(await Promise.all(calls), calls.map(() => reason));
  await pull.cancel(reason);
  assertEquals(await pull.wait().catch((error) => error), reason);
  // The others still get their answer.
  resolve(new Response("OK", { headers: { "Api-Version": "1.41" } }));
  assertEquals((await waiting).apiVersion, "1.41");
});

Deno.test("an API version is a number with a point", () => {
  const transport: Transport = {
    fetch: () => Promise.reject(new Error("not asked")),
    close() {},
  };
  for (const apiVersion of ["v1.41", "1.41/../../x", "", "1"]) {
    assertThrows(() => new DockerClient(transport, { apiVersion }), TypeError);
  }
  new DockerClient(transport, { apiVersion: "1.41" });
});
