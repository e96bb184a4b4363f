import {
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { DockerClient } from "../../lib/client/docker_client.ts";
import { ConnectionError, EngineError } from "../../lib/errors.ts";
import { fetchTransport } from "../../lib/transport/fetch.ts";
import { dockerfileTar } from "../support/tar.ts";

/** A server on loopback; `url` is where it listens. */
function serve(
  handler: (request: Request) => Response | Promise<Response>,
): AsyncDisposable & { url: string } {
  const server = Deno.serve({ port: 0, onListen() {} }, handler);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("fetchTransport() follows no redirect: the secrets go to the door that was given", async () => {
  const seen: string[] = [];
  await using other = serve((request) => {
    seen.push(request.url);
    return new Response(JSON.stringify({ aux: { ID: "sha256:stolen" } }));
  });
  for (const status of [301, 302, 303, 307, 308]) {
    await using door = serve(async (request) => {
      if (new URL(request.url).pathname === "/_ping") {
        return new Response("OK", { headers: { "Api-Version": "1.41" } });
      }
      await request.body?.cancel();
      return new Response(null, {
        status,
        headers: { location: `${other.url}/stolen` },
      });
    });
    await using docker = new DockerClient(fetchTransport(door.url));
    const build = docker.imageBuild(dockerfileTar("FROM scratch"), {
      secrets: { token: "hunter2hunter2" },
    });
    const error = await assertRejects(() => build.wait(), EngineError);
    assertEquals(error.status, status);
    const remote = docker.imageBuild(new URL("https://git.example/x.git"), {
      secrets: { token: "hunter2hunter2" },
    });
    await assertRejects(() => remote.wait(), EngineError);
    await assertRejects(() => docker.info(), EngineError);
  }
  assertEquals(seen, []);
});

Deno.test("fetchTransport() refuses the answer of a fetch that went elsewhere, or hides where to", async () => {
  for (
    const answer of [{ redirected: true }, { type: "opaqueredirect" }] as const
  ) {
    const response = Object.defineProperties(
      new Response("OK", { headers: { "Api-Version": "1.41" } }),
      Object.fromEntries(
        Object.entries(answer).map(([name, value]) => [name, { value }]),
      ),
    );
    const docker = new DockerClient(fetchTransport("https://door.example", {
      fetch: () => Promise.resolve(response),
    }));
    await assertRejects(
      () => docker.ping(),
      ConnectionError,
      "another address",
    );
  }
});

Deno.test("fetchTransport() takes no address that it could not use, and repeats no query", () => {
  for (
    const base of ["ftp://h/x", "http://h/x?token=abc", "http://h/x#abc"]
  ) {
    const error = assertThrows(() => fetchTransport(base), TypeError);
    assertEquals(error.message.includes("abc"), false);
  }
});

Deno.test("fetchTransport() sends the headers that it was given with every request, before those of the request", async () => {
  const sent: Headers[] = [];
  const transport = fetchTransport("https://door.example/a/", {
    headers: { authorization: "Bearer x", accept: "b" },
    fetch: (url, init) => {
      assertEquals(String(url), "https://door.example/a/_ping");
      sent.push(new Headers(init?.headers));
      return Promise.resolve(new Response("OK"));
    },
  });
  assertEquals(transport.endpoint, "https://door.example/a");
  await transport.fetch("/_ping", { headers: { accept: "a", "x-c": "d" } });
  assertEquals([...sent[0]!], [
    ["accept", "b"],
    ["authorization", "Bearer x"],
    ["x-c", "d"],
  ]);
});

Deno.test("fetchTransport() tells a connection that failed, and leaves what else was thrown as it is", async () => {
  const failing = (thrown: unknown) =>
    fetchTransport("https://door.example", {
      fetch: () => Promise.reject(thrown),
    });
  const cause = new TypeError("no route");
  const error = await assertRejects(
    () => failing(cause).fetch("/_ping"),
    ConnectionError,
    "The connection to https://door.example failed",
  );
  assertEquals(error.cause, cause);
  const own = new RangeError("its own");
  assertEquals(
    await failing(own).fetch("/_ping").catch((error) => error),
    own,
  );
  const reason = new Error("given up");
  const signal = AbortSignal.abort(reason);
  for (const thrown of [cause, own]) {
    assertEquals(
      await failing(thrown).fetch("/_ping", { signal })
        .catch((error) => error),
      reason,
    );
  }
});

Deno.test("fetchTransport() gives an answer from elsewhere back before it tells of it", async () => {
  const given = Promise.withResolvers<void>();
  let cancelled = 0;
  const body = new ReadableStream({
    cancel() {
      cancelled++;
      return given.promise;
    },
  });
  const response = new Response(body);
  Object.defineProperty(response, "redirected", { value: true });
  const transport = fetchTransport("https://door.example", {
    fetch: () => Promise.resolve(response),
  });
  let isTold = false;
  const asking = transport.fetch("/_ping").catch(() => isTold = true);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([cancelled, isTold], [1, false]);
  given.resolve();
  await asking;
});
