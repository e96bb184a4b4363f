import { NEWEST_API, OLDEST_API } from "../../lib/engine/api_version.ts";
import {
  DockerClient,
  EngineError,
  type Transport,
  UnsupportedError,
} from "../../mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

/** A client whose engine is a function. */
function clientOf(answer: (path: string) => Response): DockerClient {
  const transport: Transport = {
    endpoint: "unix:///test.sock",
    // A transport that throws gives a rejection, as all that is async does.
    fetch: (path) => Promise.try(answer, path),
    close() {},
  };
  return new DockerClient(transport);
}

function pong(apiVersion: string): Response {
  return new Response("OK", { headers: { "api-version": apiVersion } });
}

Deno.test("a first ping that fails is asked again by the next call, and one that went well is not", async () => {
  const asked: string[] = [];
  let up = false;
  await using docker = clientOf((path) => {
    asked.push(path);
    if (!up) throw new TypeError("nobody listens");
    return path === "/_ping" ? pong("1.41") : Response.json({ Name: "here" });
  });
  await assertRejects(() => docker.info(), TypeError, "nobody listens");
  await assertRejects(() => docker.info(), TypeError, "nobody listens");
  up = true;
  await docker.info();
  await docker.info();
  assertEquals(asked, [
    "/_ping",
    "/_ping",
    "/_ping",
    "/v1.41/info",
    "/v1.41/info",
  ]);
});

Deno.test("calls made side by side share the first ping", async () => {
  let pings = 0;
  await using docker = clientOf((path) => {
    if (path !== "/_ping") return Response.json({});
    pings++;
    return pong("1.41");
  });
  await Promise.all([docker.info(), docker.info(), docker.info()]);
  assertEquals(pings, 1);
});

Deno.test("an engine that is too old is refused before anything is asked of it", async () => {
  for (const version of ["1.23", "1.9", "0.99"]) {
    const asked: string[] = [];
    await using docker = clientOf((path) => {
      asked.push(path);
      return pong(version);
    });
    const error = await assertRejects(
      () => docker.info(),
      UnsupportedError,
      `The engine at unix:///test.sock speaks API ${version}; davit needs ${OLDEST_API} or newer`,
    );
    assertEquals(error.feature, "this engine");
    assertEquals(asked, ["/_ping"]);
  }
});

Deno.test("the newest version that both sides know is spoken", async () => {
  for (
    const [theirs, spoken] of [
      [OLDEST_API, OLDEST_API],
      [NEWEST_API, NEWEST_API],
      ["1.999", NEWEST_API],
      ["2.0", NEWEST_API],
    ] as const
  ) {
    const asked: string[] = [];
    await using docker = clientOf((path) => {
      asked.push(path);
      return path === "/_ping" ? pong(theirs) : Response.json({});
    });
    await docker.info();
    assertEquals(asked.at(-1), `/v${spoken}/info`);
  }
});

Deno.test("of an error body without end only the beginning is read", async () => {
  let pulled = 0;
  let cancelled = false;
  const endless = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        // A limit, so that reading all of it is seen and does not hang.
        if (++pulled > 10_000) return controller.close();
        controller.enqueue(new TextEncoder().encode("no ".repeat(1000)));
      },
      cancel: () => {
        cancelled = true;
      },
    });
  await using docker = clientOf((path) =>
    path === "/_ping" ? pong("1.41") : new Response(endless(), { status: 500 })
  );
  const error = await assertRejects(() => docker.info(), EngineError, "no no");
  assert(error.message.length < 70_000, `${error.message.length}`);
  assert(pulled < 100, `${pulled} chunks`);
  assert(cancelled, "the connection is given back");
});
