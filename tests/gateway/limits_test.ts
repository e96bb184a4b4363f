import { serveGateway } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertStringIncludes,
} from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";
import { until } from "../support/until.ts";
import { sendRaw, startGateway } from "./gateway.ts";
import { RecordingEngine } from "./recording_engine.ts";

/** Writes the pieces with a pause between them, and reads to the end. */
async function dribble(
  path: string,
  pieces: Iterable<string>,
  pauseMs: number,
): Promise<string> {
  using conn = await Deno.connect({ transport: "unix", path });
  const reading = new Response(conn.readable).text().catch(() => "");
  const encoder = new TextEncoder();
  try {
    for (const piece of pieces) {
      await conn.write(encoder.encode(piece));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  } catch {
    // It hung up, which is what is tested.
  }
  return await reading;
}

Deno.test("a gateway waits for nobody for ever", async () => {
  const engine = new RecordingEngine();
  await using served = await startGateway({
    engine,
    limits: { headMs: 300, idleMs: 200, maxBodyBytes: 1000 },
  });
  engine.requests.length = 0;
  const head = "POST /build HTTP/1.1\r\nHost: a\r\n";
  for (
    const [pieces, pause, answer] of [
      // One byte now and then: never idle, and never done.
      [[...head.repeat(3)], 30, " 408 "],
      [[head + "Content-Length: 5\r\n\r\nhe"], 500, " 408 "],
      [[head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhe"], 500, " 408 "],
      [[head + "Content-Length: 1001\r\n\r\n"], 0, " 413 "],
      [[head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n"], 0, " 413 "],
      [[""], 500, ""],
    ] as const
  ) {
    const text = await dribble(served.path, pieces, pause);
    if (answer === "") assertEquals(text, "");
    else assertStringIncludes(text.slice(0, 14), answer);
  }
  assertFalse(engine.requests.some(({ complete }) => complete));
  const goOn = await dribble(served.path, [
    head + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n",
    "hi",
  ], 50);
  assertStringIncludes(goOn, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200");
});

Deno.test("a head that never ends is refused while its bytes still come", async () => {
  await using served = await startGateway({
    engine: new RecordingEngine(),
    limits: { headMs: 300, idleMs: 600_000 },
  });
  using conn = await Deno.connect({ transport: "unix", path: served.path });
  let answer = "";
  const reading = (async () => {
    answer = await new Response(conn.readable).text().catch(() => "reset");
  })();
  const byte = new TextEncoder().encode("G");
  // Each in less than the time that a head has.
  await until(async () => {
    await conn.write(byte).catch(() => {}); // it is over
    return answer !== "";
  }, "the answer has come");
  await reading;
  assertStringIncludes(answer.slice(0, 14), " 408 ");
});

Deno.test("a gateway takes so many connections and no more, and who only holds them keeps nobody out", async () => {
  const { promise: silence, resolve: speak } = Promise.withResolvers<void>();
  const engine = new RecordingEngine(async () => {
    await silence;
    return new Response("{}");
  });
  await using served = await startGateway({
    engine,
    limits: { maxConnections: 2 },
  });
  const ping = "GET /_ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const connect = () => Deno.connect({ transport: "unix", path: served.path });
  // One says nothing, the other half a head.
  const idle = [await connect(), await connect()];
  await idle[1]!.write(new TextEncoder().encode("GET /_ping HTTP"));
  for (let i = 0; i < 3; i++) {
    assertEquals((await sendRaw(served.path, ping)).status, 200);
  }
  assertEquals(await idle[0]!.read(new Uint8Array(1)).catch(() => null), null);
  for (const conn of idle) conn.close();
  // Two that wait for their answers are left in peace.
  const busy = [1, 2].map(() =>
    sendRaw(served.path, ping.replace("_ping", "version"), 60_000)
  );
  await until(
    () =>
      engine.requests.filter(({ path }) => path === "/version").length === 2,
    "both are asked for",
  );
  const third = await sendRaw(served.path, ping).catch(() => ({ status: 0 }));
  assertEquals(third.status, 0);
  speak();
  for (const { status } of await Promise.all(busy)) assertEquals(status, 200);
});

Deno.test("a request that takes too long is ended, at the engine, too", async () => {
  const engine = new RecordingEngine();
  const aborted = Promise.withResolvers<unknown>();
  const { fetch } = engine;
  engine.fetch = (path, init = {}) => {
    if (!path.includes("/build")) return fetch.call(engine, path, init);
    const { signal } = init;
    return new Promise((_, reject) =>
      signal!.addEventListener("abort", () => {
        aborted.resolve(signal!.reason);
        reject(signal!.reason);
      })
    );
  };
  await using served = await startGateway({ engine, limits: { totalMs: 200 } });
  using conn = await Deno.connect({ transport: "unix", path: served.path });
  await conn.write(
    new TextEncoder().encode(
      "POST /build HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    ),
  );
  const buffer = new Uint8Array(1000);
  const count = await conn.read(buffer);
  assertStringIncludes(
    new TextDecoder().decode(buffer.subarray(0, count ?? 0)),
    " 504 ",
  );
  assert(await aborted.promise instanceof Error);
});

Deno.test("a signal stops a gateway", async () => {
  const controller = new AbortController();
  const gateway = await serveGateway({
    engine: new RecordingEngine(),
    listen: { port: 0, plainLoopback: true },
    signal: controller.signal,
  });
  controller.abort();
  await gateway.finished;
});

Deno.test("a client with large secrets holds up nobody", async () => {
  const engine = new RecordingEngine(undefined, true);
  await using served = await startGateway({ engine });
  const values = Array.from(
    { length: 4 },
    () => randomBytes(30_000).toHex(),
  );
  const builds = values.map((value) => {
    const header = btoa(JSON.stringify({ id: value }));
    return sendRaw(
      served.path,
      `POST /build HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\nX-BuildKit-Secrets: ${header}\r\n\r\n`,
      60_000,
    );
  });
  // One after the other, as long as a mask is being made.
  const ping = "GET /_ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  let pings = 0;
  while (engine.sessions.length < values.length) {
    assertEquals((await sendRaw(served.path, ping, 60_000)).status, 200);
    pings++;
  }
  assert(pings >= 10, `${pings} answers while ${values.length} builds began`);
  for (const build of builds) assertEquals((await build).status, 200);
});
