import { Engine } from "../../lib/engine/engine.ts";
import { GatewayConnection } from "../../lib/gateway/connection.ts";
import { KnownValues } from "../../lib/gateway/known_values.ts";
import { DEFAULT_LIMITS } from "../../lib/gateway/limits.ts";
import { makePolicy } from "../../lib/gateway/policy.ts";
import { RunningBuilds } from "../../lib/gateway/running_builds.ts";
import { Turns } from "../../lib/gateway/turns.ts";
import { serveGateway } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { withTempFolder } from "../support/folder.ts";
import { build, request } from "./attacks.ts";
import { sendRaw, startGateway } from "./gateway.ts";
import {
  buildAnswer,
  type Recorded,
  RecordingEngine,
} from "./recording_engine.ts";

const encoder = new TextEncoder();
const HEAD = "POST /build HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";

/** An engine whose builds do not end; `begun` and `aborted` settle as it happens. */
function endless(): {
  engine: RecordingEngine;
  begun: Promise<void>;
  aborted: Promise<void>;
} {
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const answering = (request: Recorded) => {
    request.signal!.addEventListener("abort", () => aborted.resolve());
    const { response, write } = buildAnswer(request);
    write('{"stream":"begun"}\n');
    begun.resolve();
    return response;
  };
  return {
    engine: new RecordingEngine(answering),
    begun: begun.promise,
    aborted: aborted.promise,
  };
}

for (
  const [name, behind] of [
    ["in order", ""],
    ["behind a line end", "\r\n"],
    ["behind a next request", "GET /_ping HTTP/1.1\r\nHost: a\r\n\r\n"],
  ] as const
) {
  Deno.test(`a client that hangs up ${name} ends its build`, async () => {
    const { engine, begun, aborted } = endless();
    await using served = await startGateway({ engine });
    const conn = await Deno.connect({ transport: "unix", path: served.path });
    await conn.write(encoder.encode(`${HEAD}body${behind}`));
    await begun;
    // From here on the engine is silent: no write tells that nobody reads.
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(1000);
    for (let text = ""; !text.includes("begun");) {
      text += decoder.decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
    }
    conn.close();
    await aborted;
  });
}

for (const hangsUp of [false, true]) {
  Deno.test(`a client that sends more than is kept behind its build${hangsUp ? ", and hangs up," : ""} ends it`, async () => {
    const { engine, begun, aborted } = endless();
    await using served = await startGateway({ engine });
    using conn = await Deno.connect({ transport: "unix", path: served.path });
    await conn.write(encoder.encode(`${HEAD}body`));
    await begun;
    const bytes = encoder.encode(
      "GET /_ping HTTP/1.1\r\nHost: a\r\n\r\n".repeat(4000),
    );
    // Nobody takes the rest of it.
    const writing = (async () => {
      for (let at = 0; at < bytes.length;) {
        at += await conn.write(bytes.subarray(at));
      }
    })().catch(() => {});
    if (hangsUp) conn.close();
    await aborted;
    await writing;
  });
}

Deno.test("a client that hangs up when the engine's answer began before the end of its body ends its build", async () => {
  const { engine, begun, aborted } = endless();
  const { fetch } = engine;
  const whole = Promise.withResolvers<void>();
  engine.fetch = (path, init = {}) => {
    const { body, ...rest } = init;
    if (body instanceof ReadableStream) {
      body.pipeTo(new WritableStream()).then(whole.resolve, whole.reject);
    }
    return fetch.call(engine, path, rest);
  };
  await using served = await startGateway({ engine });
  const conn = await Deno.connect({ transport: "unix", path: served.path });
  await conn.write(encoder.encode(`${HEAD}bo`));
  await begun;
  assert(await conn.read(new Uint8Array(1000)) !== null);
  await conn.write(encoder.encode("dy"));
  await whole.promise;
  conn.close();
  await aborted;
});

Deno.test("a client that closes its own side alone is told so", async () => {
  const never = new RecordingEngine(({ signal }) =>
    new Promise((_, reject) => {
      if (signal!.aborted) reject(signal!.reason);
      signal!.addEventListener("abort", () => reject(signal!.reason));
    })
  );
  await using served = await startGateway({ engine: never });
  using conn = await Deno.connect({ transport: "unix", path: served.path });
  await conn.write(encoder.encode(`${HEAD}body`));
  await conn.closeWrite();
  const buffer = new Uint8Array(1000);
  const text = new TextDecoder().decode(
    buffer.subarray(0, (await conn.read(buffer)) ?? 0),
  );
  assertStringIncludes(text, " 400 ");
  assertStringIncludes(
    text + await new Response(conn.readable).text(),
    "keep it open",
  );
});

Deno.test("a line end may stand between two requests, and no more", async () => {
  const engine = new RecordingEngine();
  await using served = await startGateway({ engine });
  const last = "GET /_ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const one = await sendRaw(served.path, `${HEAD}body\r\n${last}`);
  assertEquals(one.text.match(/HTTP\/1\.1 \d+/g), [
    "HTTP/1.1 200",
    "HTTP/1.1 200",
  ]);
  for (const between of ["\r\n\r\n", "\n", "\r", " \r\n"]) {
    const more = await sendRaw(served.path, `${HEAD}body${between}${last}`);
    assertEquals(more.text.match(/HTTP\/1\.1 \d+/g), [
      "HTTP/1.1 200",
      "HTTP/1.1 400",
    ]);
  }
});

Deno.test("a name that no resolver answers holds up neither the time of a request nor a stop", async () => {
  const stopping = new AbortController();
  const asked = Promise.withResolvers<void>();
  const serve = (totalMs: number) => {
    const [client, server] = duplexPair();
    const serving = new GatewayConnection(server, {
      engine: new Engine(new RecordingEngine(), "1.51"),
      policy: makePolicy([], [], () => {
        asked.resolve();
        return new Promise(() => {});
      }),
      limits: { ...DEFAULT_LIMITS, totalMs },
      token: undefined,
      known: new KnownValues(1, false),
      steps: undefined,
      hosts: undefined,
      turns: new Turns(),
      builds: new RunningBuilds(new Engine(new RecordingEngine(), "1.51"), 1),
      signal: stopping.signal,
    }).serve();
    const writer = client.writable.getWriter();
    writer.write(encoder.encode(build("remote=http://a.example/"))).catch(
      () => {},
    );
    const answer = new Response(
      client.readable as ReadableStream<Uint8Array<ArrayBuffer>>,
    ).text();
    // Its client hangs up when it has the answer.
    answer.then(() => writer.close()).catch(() => {});
    return { serving, answer };
  };
  const slow = serve(100);
  assertStringIncludes(await slow.answer, " 504 ");
  await slow.serving;
  const stopped = serve(1_000_000);
  await asked.promise;
  stopping.abort();
  await stopped.answer;
  await stopped.serving;
});

Deno.test("a signal that aborts while a gateway starts keeps it from starting", async () => {
  await withTempFolder(async (folder) => {
    const controller = new AbortController();
    const engine = new RecordingEngine();
    const { fetch } = engine;
    engine.fetch = (path, init) => {
      controller.abort(new Error("not any more"));
      return fetch.call(engine, path, init);
    };
    await assertRejects(
      () =>
        serveGateway({
          engine,
          listen: { path: `${folder}/s` },
          signal: controller.signal,
        }),
      Error,
      "not any more",
    );
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});

Deno.test("a gateway that stops waits for no client that keeps its connection", async () => {
  const engine = new RecordingEngine();
  await using served = await startGateway({
    engine,
    limits: { idleMs: 600_000, headMs: 600_000 },
  });
  const connect = () => Deno.connect({ transport: "unix", path: served.path });
  using silent = await connect();
  using idle = await connect();
  await idle.write(new TextEncoder().encode(request("GET /_ping")));
  const buffer = new Uint8Array(4096);
  const count = await idle.read(buffer);
  assertStringIncludes(
    new TextDecoder().decode(buffer.subarray(0, count!)),
    "HTTP/1.1 200",
  );
  await served.gateway.stop();
  assertEquals(await idle.read(buffer), null);
  assertEquals(await silent.read(buffer), null);
});
