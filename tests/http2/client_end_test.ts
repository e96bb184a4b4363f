/** How streams and connections of the client end: by either side, by GOAWAY, in time. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import type { Http2ClientStream } from "../../lib/http2/client_stream.ts";
import { connectHttp2 } from "../../lib/http2/client.ts";
import { ErrorCode, Http2Error } from "../../lib/http2/error.ts";
import { bytes, codeOf, type Frame, frame, uint32 } from "./raw_peer.ts";
import { POST, RawServer } from "./raw_server.ts";

/** Header block of `:status 200`. */
const OK = "88";
const PING = frame("PING", 0, 0, "0000000000000000");
const GOAWAY_ALL = frame("GOAWAY", 0, 0, "7fffffff 00000000");

async function bodyOf(stream: Http2ClientStream): Promise<number[]> {
  const body: number[] = [];
  for (;;) {
    const chunk = await stream.read();
    if (chunk === null) return body;
    body.push(...chunk);
  }
}

Deno.test("a response that ends first ends the request, with RST_STREAM NO_ERROR and no error", async () => {
  const ends: Record<string, Uint8Array[]> = {
    "trailers": [
      frame("HEADERS", 4, 1, OK),
      frame("DATA", 0, 1, "07"),
      frame("HEADERS", 5, 1, "00 0161 0162"),
    ],
    "DATA": [frame("HEADERS", 4, 1, OK), frame("DATA", 1, 1, "07")],
  };
  for (const [what, frames] of Object.entries(ends)) {
    await using server = await RawServer.greeted("0004 00000003");
    const stream = await server.request();
    const { signal } = stream;
    const written = stream.write(new Uint8Array(10));
    const ended = stream.end();
    await server.until("DATA");
    server.send(...frames);
    const reset = await server.until("RST_STREAM");
    assertEquals([reset.id, codeOf(reset)], [1, ErrorCode.NO_ERROR], what);
    for (const pending of [written, ended]) {
      const error = await assertRejects(() => pending!, Http2Error);
      assertEquals([error.code, error.streamId, error.remote], [0, 1, true]);
    }
    assertThrows(() => stream.write(new Uint8Array(1)), Http2Error, "complete");
    assertEquals(await bodyOf(stream), [7]);
    assertEquals(stream.trailers.length, what === "trailers" ? 1 : 0);
    assertEquals(signal.aborted, false);
    assertEquals(server.connection.streams, 0);
    // What the server sends of a stream that it knows is over is ignored.
    server.send(
      frame("RST_STREAM", 0, 1, uint32(0)),
      frame("WINDOW_UPDATE", 0, 1, uint32(9)),
      PING,
    );
    assertEquals((await server.until("PING")).flags, 1);
  }
});

Deno.test("reset() is told to the server, and what it still sends counts as read", async () => {
  await using server = await RawServer.greeted("", {
    streamWindow: 65_535,
    connectionWindow: 65_535,
  });
  let granted = 65_535;
  const next = async (): Promise<Frame> => {
    for (;;) {
      const frame = (await server.next())!;
      if (frame.type !== "WINDOW_UPDATE") return frame;
      assertEquals(frame.id, 0);
      granted += new DataView(frame.payload.slice().buffer).getUint32(0);
    }
  };
  for (let id = 1; id < 41; id += 2) {
    const stream = await server.connection.request(POST);
    assertEquals((await next()).type, "HEADERS");
    // The answer to a PING stands behind all that is given back.
    server.send(PING);
    assertEquals((await next()).type, "PING");
    assert(granted >= 32_000, `${granted}`);
    granted -= 32_000;
    server.send(
      frame("HEADERS", 4, id, OK),
      frame("DATA", 0, id, new Uint8Array(16_000)),
    );
    await stream.response;
    await server.taken();
    stream.reset(id === 1 ? ErrorCode.INTERNAL_ERROR : undefined);
    const reset = await next();
    assertEquals(
      [reset.type, reset.id, codeOf(reset)],
      ["RST_STREAM", id, id === 1 ? 2 : 8],
    );
    // On its way when the server heard of it, and the end too.
    server.send(
      frame("DATA", 0, id, new Uint8Array(16_000)),
      frame("HEADERS", 5, id, "00 0161 0162"),
    );
    const error = await assertRejects(() => stream.read(), Http2Error);
    assertEquals([error.remote, error.streamId], [false, id]);
    assertEquals(stream.signal.reason, error);
    stream.reset();
  }
});

Deno.test("reset() of a complete response gives its bytes back", async () => {
  await using server = await RawServer.greeted("", {
    streamWindow: 65_535,
    connectionWindow: 65_535,
  });
  const stream = await server.request(POST, { endStream: true });
  server.send(frame("HEADERS", 4, 1, OK));
  for (let i = 0; i < 4; i++) {
    server.send(frame("DATA", i === 3 ? 1 : 0, 1, new Uint8Array(16_000)));
  }
  await server.taken();
  const { written } = server;
  stream.reset();
  const update = await server.next();
  assertEquals([update?.type, update?.id], ["WINDOW_UPDATE", 0]);
  assertEquals(update?.payload, bytes(uint32(64_000)));
  assertEquals(server.written, written + 13);
  await assertRejects(() => stream.read(), Http2Error);
});

Deno.test("GOAWAY: streams above its last one were not processed, those below go on", async () => {
  await using server = await RawServer.greeted("0003 00000003");
  const streams = [
    await server.request(),
    await server.request(),
    await server.request(),
  ];
  const waiting = server.connection.request(POST);
  assertEquals(server.connection.takesRequests, true);
  server.send(frame("GOAWAY", 0, 0, "00000003 00000000"), PING);
  const refused = await assertRejects(() => waiting, Http2Error);
  assertEquals(server.connection.takesRequests, false);
  assertEquals([refused.notProcessed, refused.code], [true, 0]);
  const above = await assertRejects(() => streams[2]!.response, Http2Error);
  assertEquals([above.notProcessed, above.streamId, above.remote], [
    true,
    5,
    true,
  ]);
  assertEquals(streams[2]!.signal.reason, above);
  const later = await assertRejects(
    () => server.connection.request(POST),
    Http2Error,
  );
  assertEquals(later.notProcessed, true);
  for (const error of [refused, above, later]) {
    assertEquals(error.message, "Server goes away");
  }
  assertEquals([refused.streamId, later.streamId], [0, 0]);
  assertEquals((await server.until("PING")).flags, 1);
  assertEquals(server.connection.streams, 2);
  // Sent before the server knew: ignored.
  server.send(frame("DATA", 0, 5, "00"), frame("SETTINGS", 0, 0));
  assertEquals((await server.next())?.type, "SETTINGS");
  // It may think again, and take fewer.
  server.send(frame("GOAWAY", 0, 0, "00000001 00000000"));
  const second = await assertRejects(() => streams[1]!.read(), Http2Error);
  assertEquals(second.notProcessed, true);
  streams[0]!.write(Uint8Array.of(9));
  assertEquals((await server.until("DATA")).payload, Uint8Array.of(9));
  server.send(frame("HEADERS", 4, 1, OK), frame("DATA", 1, 1, "2a"));
  await server.until("RST_STREAM");
  const goaway = await server.until("GOAWAY");
  assertEquals([codeOf(goaway), goaway.payload.slice(0, 4)], [
    0,
    new Uint8Array(4),
  ]);
  assertEquals(await server.connection.closed, { reason: "peer" });
  assertEquals(await bodyOf(streams[0]!), [42]);
});

Deno.test("GOAWAY keeps its error code, and may not name a later stream than before", async () => {
  await using server = await RawServer.greeted();
  const stream = await server.request();
  server.send(frame("GOAWAY", 0, 0, `00000000 ${uint32(11)} 6869`));
  const error = await assertRejects(() => stream.response, Http2Error);
  assertEquals([error.code, error.notProcessed, error.remote], [
    11,
    true,
    true,
  ]);
  const close = await server.connection.closed;
  assertEquals(close.reason, "peer");
  assertEquals(close.error, error.cause);

  await using other = await RawServer.greeted();
  const open = await other.request();
  other.send(
    GOAWAY_ALL,
    frame("GOAWAY", 0, 0, "00000001 00000000"),
    frame("GOAWAY", 0, 0, "00000003 00000000"),
  );
  assertEquals(codeOf(await other.until("GOAWAY")), ErrorCode.PROTOCOL_ERROR);
  const broken = await assertRejects(() => open.response, Http2Error);
  assertEquals(broken.notProcessed, false);
});

Deno.test("a refused stream was not processed", async () => {
  await using server = await RawServer.greeted();
  for (const code of [ErrorCode.REFUSED_STREAM, ErrorCode.CANCEL]) {
    const stream = await server.request();
    server.send(frame("RST_STREAM", 0, stream.id, uint32(code)));
    const error = await assertRejects(() => stream.read(), Http2Error);
    assertEquals(error.code, code);
    assertEquals(error.notProcessed, code === ErrorCode.REFUSED_STREAM);
    assertEquals(await assertRejects(() => stream.response), error);
  }
});

Deno.test("a server that never sends SETTINGS has a time", async () => {
  await using server = new RawServer({ settingsTimeout: 20 });
  const stream = await server.connection.request(POST);
  const error = await assertRejects(() => stream.response, Http2Error);
  assertEquals(error.code, ErrorCode.SETTINGS_TIMEOUT);
  assert(error.message.includes("no SETTINGS within 20 ms"), error.message);
  const close = await server.connection.closed;
  assertEquals([close.reason, close.error], ["error", error]);
});

Deno.test("a server that sent its SETTINGS has no time to keep any more; ten seconds are what it has", async () => {
  const { setTimeout } = globalThis;
  const times: unknown[] = [];
  globalThis.setTimeout = ((work: () => void, ms?: number) => {
    times.push(ms);
    return setTimeout(work, ms);
  }) as typeof setTimeout;
  try {
    await using _ = new RawServer();
  } finally {
    globalThis.setTimeout = setTimeout;
  }
  assertEquals(times[0], 10_000);
  await using server = await RawServer.greeted("", { settingsTimeout: 20 });
  await new Promise((resolve) => setTimeout(resolve, 40));
  await server.request();
});

Deno.test("requests fail with the connection, and those that wait were not processed", async () => {
  const ends: Record<string, (server: RawServer) => unknown> = {
    "peer": (server) => server.hangUp(),
    "error": (server) => server.break(new Error("reset")),
    "local": (server) => server.connection.close(),
  };
  for (const [reason, act] of Object.entries(ends)) {
    await using server = await RawServer.greeted("0003 00000001");
    const stream = await server.request();
    const waiting = server.connection.request(POST);
    act(server);
    const error = await assertRejects(() => stream.response, Http2Error);
    assertEquals([error.notProcessed, error.remote], [
      false,
      reason === "peer",
    ]);
    const refused = await assertRejects(() => waiting, Http2Error);
    assertEquals(
      [refused.notProcessed, refused.message, refused.remote, refused.code],
      [true, error.message, error.remote, error.code],
    );
    assertEquals(
      await assertRejects(() => server.connection.request(POST)),
      refused,
    );
    assertEquals((await server.connection.closed).reason, reason);
    assertEquals(server.connection.streams, 0);
  }
});

Deno.test("connectHttp2() speaks over streams that fail", async () => {
  const broken = new Error("broken pipe");
  const connection = connectHttp2({
    readable: new ReadableStream(),
    writable: new WritableStream({
      write() {
        throw broken;
      },
    }),
  });
  const stream = await connection.request(POST);
  const error = await assertRejects(() => stream.response, Http2Error);
  assertEquals(error.cause, broken);
  assertEquals(await connection.closed, { reason: "error", error: broken });
  assertInstanceOf(
    await assertRejects(() => connection.request(POST)),
    Http2Error,
  );
});
