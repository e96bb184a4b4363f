/** gRPC on an engine's own socket, in memory. */
import { openControl } from "../../lib/buildkit/control.ts";
import { buildkitOf } from "../../lib/buildkit/engine_host.ts";
import { Engine } from "../../lib/engine/engine.ts";
import { EngineError, UnsupportedError } from "../../lib/errors.ts";
import { serveHttp2 } from "../../lib/http2/server.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import type { Transport } from "../../lib/transport/transport.ts";
import { withHeaders } from "../../lib/transport/headers.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { answer } from "./scripted_engine.ts";

const { signal } = new AbortController();

/** An engine that answers `POST` with this status, and may speak HTTP/2. */
function engineOf(
  { api = "1.53", status = 404, dial, endpoint = "unix:///d.sock" }: {
    readonly api?: string;
    readonly status?: number;
    readonly dial?: Transport["dial"];
    readonly endpoint?: string;
  },
): Engine {
  return new Engine(withHeaders({
    endpoint,
    fetch: () =>
      Promise.resolve(
        new Response("OK", { headers: { "api-version": api } }),
      ),
    upgrade: (path) => {
      const init = { status, method: "POST", path, detail: "no such page" };
      return Promise.reject(new EngineError(init));
    },
    ...(dial === undefined ? {} : { dial }),
    close() {},
  }, () => Promise.resolve([])));
}

Deno.test("where POST /grpc is gone, an engine from API 1.53 on is asked on its own socket", async () => {
  for (
    const [endpoint, scheme] of [
      ["unix:///d.sock", "http"],
      ["https://d.example:2376", "https"],
    ] as const
  ) {
    const [ours, theirs] = duplexPair();
    const schemes: unknown[] = [];
    await using _server = serveHttp2(theirs, async (stream) => {
      schemes.push(stream.get(":scheme"));
      await answer(new Uint8Array())(stream);
    });
    const engine = engineOf({ endpoint, dial: () => Promise.resolve(ours) });
    await using control = await openControl(buildkitOf(engine), { signal });
    assertEquals(await control.workers({ signal }), []);
    assertEquals(schemes, [scheme]);
  }
});

Deno.test("an engine that is older, or refuses otherwise, or speaks no HTTP/2 either, is an error", async () => {
  let dials = 0;
  const dial = (): Promise<ByteDuplex> => {
    dials++;
    return Promise.resolve({
      readable: new ReadableStream({ start: (stream) => stream.close() }),
      writable: new WritableStream(),
    });
  };
  const open = (engine: Engine) => () =>
    openControl(buildkitOf(engine), { signal });
  for (const engine of [engineOf({ api: "1.52", dial }), engineOf({})]) {
    const { message } = await assertRejects(open(engine), UnsupportedError);
    assertEquals(message.includes("it answered 404: no such page"), true);
  }
  await assertRejects(open(engineOf({ status: 500, dial })), EngineError);
  assertEquals(dials, 0);
  const { message } = await assertRejects(
    open(engineOf({ dial })),
    UnsupportedError,
  );
  assertEquals(message.includes("it speaks no HTTP/2 on its own socket"), true);
  assertEquals(dials, 1);
});
