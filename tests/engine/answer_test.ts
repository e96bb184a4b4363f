import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { MAX_ANSWER_BYTES } from "../../lib/engine/answer_text.ts";
import { DockerClient } from "../../lib/client/docker_client.ts";
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

Deno.test("a saved image that breaks off is a ConnectionError, and goes with its reader", async () => {
  let cancelled: unknown;
  const breaking = (count: number) =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        if (count-- > 0) controller.enqueue(new Uint8Array(100));
        else controller.error(new TypeError("connection reset"));
      },
      cancel(reason) {
        cancelled = reason;
      },
    });
  const broken = await answering(breaking(2)).imageSave("x");
  await assertRejects(() => Array.fromAsync(broken), ConnectionError);
  const left = await answering(breaking(1000)).imageSave("x");
  const reader = left.getReader();
  assertEquals((await reader.read()).value?.length, 100);
  await reader.cancel("enough");
  assert(cancelled !== undefined);
});

Deno.test("an answer without end is read no further than its bound", async () => {
  const calls: typeof CALLS = [
    ...CALLS,
    (docker) => docker.auth({ username: "me", password: "hunter22" }),
  ];
  for (const call of calls) {
    let sent = 0;
    let isCancelled = false;
    const chunk = new TextEncoder().encode(" ".repeat(4 * 1024 * 1024));
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += chunk.length;
        // A test that fails comes to an end, too.
        if (sent > 2 * MAX_ANSWER_BYTES) controller.close();
        else controller.enqueue(chunk);
      },
      cancel() {
        isCancelled = true;
      },
    }, { highWaterMark: 0 });
    await assertRejects(() => call(answering(body)), ProtocolError, "longer");
    assert(isCancelled);
  }
});

Deno.test("an answer of another shape is a ProtocolError that names the field and quotes nothing", async () => {
  const wrong: [call: (docker: DockerClient) => Promise<unknown>, unknown][] = [
    [(docker) => docker.info(), { DriverStatus: [{ hunter2: 1 }] }],
    [(docker) => docker.info(), { DriverStatus: [["driver-type", 5]] }],
    [(docker) => docker.info(), { DriverStatus: [["driver-type"]] }],
    [(docker) => docker.info(), { DriverStatus: [["driver-type", null]] }],
    [(docker) => docker.info(), { Warnings: [1] }],
    [(docker) => docker.version(), { ApiVersion: "1.41" }],
    [(docker) => docker.version(), { ApiVersion: 1.41, Version: "1" }],
    [(docker) => docker.version(), { Version: "1", ApiVersion: "1", Os: [] }],
    [(docker) => docker.imageInspect("x"), {}],
    [(docker) => docker.imageInspect("x"), { Id: 5 }],
    [(docker) => docker.imageInspect("x"), { Id: "a", RepoDigests: "b" }],
    [(docker) => docker.imageInspect("x"), { Id: "a", Config: ["hunter2"] }],
    [(docker) => docker.imageHistory("x"), {}],
    [(docker) => docker.imageHistory("x"), [null]],
    [(docker) => docker.imageHistory("x"), [{ CreatedBy: 7 }]],
    [(docker) => docker.imageRemove("x"), [{ Deleted: {} }]],
    [(docker) => docker.imagePrune(), { ImagesDeleted: ["hunter2"] }],
    [(docker) => docker.buildPrune(), { SpaceReclaimed: "hunter2" }],
    [(docker) => docker.distributionInspect("x"), { Platforms: [] }],
    [(docker) => docker.distributionInspect("x"), { Descriptor: 1 }],
  ];
  for (const call of CALLS.slice(0, -1)) {
    for (const body of [null, 5, "hunter2", true]) wrong.push([call, body]);
  }
  // Go writes an empty list as null.
  const lists: (typeof CALLS[number])[] = [
    (docker) => docker.imageHistory("x"),
    (docker) => docker.imageRemove("x"),
  ];
  for (const list of lists) {
    assertEquals(await list(answering("null")), []);
  }
  for (const [call, body] of wrong) {
    if (body === null) continue;
    const error = await assertRejects(
      () => call(answering(JSON.stringify(body))),
      ProtocolError,
      "is something between davit and the engine?",
    );
    assertEquals(error.message.includes("hunter2"), false);
  }
  assertEquals(
    await answering('{"Id":"a","RepoTags":null,"More":5}').imageInspect("x"),
    { Id: "a", RepoTags: null, More: 5 } as unknown,
  );
});

Deno.test("an answer without a body is a ProtocolError, not waited for", async () => {
  const docker = new DockerClient(fetchTransport("http://engine.example", {
    fetch: (url, init) => {
      init?.body instanceof ReadableStream && void init.body.cancel();
      const ping = String(url).endsWith("/_ping");
      return Promise.resolve(
        new Response(null, {
          status: ping ? 200 : 204,
          headers: { "Api-Version": "1.41" },
        }),
      );
    },
  }));
  const tar = () => new Blob(["tar"]).stream();
  for (
    const call of [
      () => docker.imageBuild(tar()).wait(),
      () => docker.imageSave("x"),
      () => docker.imageLoad(tar()),
      () => docker.imageImport(tar()),
      () => docker.imagePull("x").wait(),
      () => docker.imagePush("x").wait(),
      ...CALLS.map((call) => () => call(docker)),
    ]
  ) {
    await assertRejects(call, ProtocolError);
  }
});

Deno.test("a build is cancelled even if its answer's stream takes no notice", async () => {
  const stop = new AbortController();
  const answered = Promise.withResolvers<void>();
  const deaf: Transport = {
    fetch: (path, init) => {
      if (path.endsWith("/_ping")) {
        return Promise.resolve(
          new Response("OK", { headers: { "Api-Version": "1.41" } }),
        );
      }
      init?.body instanceof ReadableStream && void init.body.cancel();
      if (path.includes("/build/cancel")) {
        return Promise.resolve(new Response(null, { status: 204 }));
      }
      answered.resolve();
      return Promise.resolve(new Response(new ReadableStream()));
    },
    close() {},
  };
  const docker = new DockerClient(deaf);
  const build = docker.imageBuild(new Blob(["tar"]).stream(), {
    signal: stop.signal,
  });
  const reason = new Error("no more patience");
  await answered.promise;
  stop.abort(reason);
  assertEquals(await build.wait().catch((error) => error), reason);
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
