/** What a server may send too much of, and how much is taken. */
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { errorName, Http2Error } from "../../lib/http2/error.ts";
import { encodeHeaders } from "../../lib/http2/hpack_encode.ts";
import { MAX_HEADER_LIST_SIZE } from "../../lib/http2/limits.ts";
import { bytes, codeOf, frame, uint32 } from "./raw_peer.ts";
import { POST, RawServer } from "./raw_server.ts";
import { headerFrames, longList, stopClock } from "./floods.ts";

/** Header block of `:status 200`. */
const OK = "88";
const PING = frame("PING", 0, 0, "0000000000000000");

const block = (...fields: [string, string][]) => encodeHeaders(fields);

/** Floods, each of frames that are harmless one by one; stream 1 is open, 3 is over. */
const FLOODS: Record<string, Uint8Array> = {
  "PING": PING,
  "PING ACK": frame("PING", 1, 0, "0000000000000000"),
  "SETTINGS": frame("SETTINGS", 0, 0),
  "SETTINGS ACK": frame("SETTINGS", 1, 0),
  "empty DATA": frame("DATA", 0, 1),
  "DATA of padding": frame("DATA", 8, 1, "00"),
  "PRIORITY": frame("PRIORITY", 0, 1, "0000000000"),
  "unknown frames": frame("99", 0, 1),
  "GOAWAY": frame("GOAWAY", 0, 0, "7fffffff 00000000"),
  "RST_STREAM of a closed stream": frame("RST_STREAM", 0, 3, uint32(8)),
  "WINDOW_UPDATE of a closed stream": frame("WINDOW_UPDATE", 0, 3, uint32(1)),
  "small WINDOW_UPDATE": frame("WINDOW_UPDATE", 0, 1, uint32(1023)),
  "small WINDOW_UPDATE of the connection": frame(
    "WINDOW_UPDATE",
    0,
    0,
    uint32(1),
  ),
  "interim responses": frame("HEADERS", 4, 1, "08 03 313030"),
};

for (const [what, piece] of Object.entries(FLOODS)) {
  Deno.test(`connectHttp2() ends a flood of ${what} with ENHANCE_YOUR_CALM`, async () => {
    using _ = stopClock();
    await using server = await RawServer.greeted();
    const stream = await server.request();
    await server.request(undefined, { endStream: true });
    if (/DATA/.test(what)) server.send(frame("HEADERS", 4, 1, OK));
    server.send(frame("HEADERS", 5, 3, OK));
    // So many at once pass, each counted once; and then no more.
    for (let i = 0; i < 99; i++) {
      server.send(bytes(...Array.from({ length: 100 }, () => piece)));
    }
    await server.taken();
    assertEquals(stream.signal.aborted, false);
    server.send(bytes(...Array.from({ length: 200 }, () => piece)));
    const goaway = await server.until("GOAWAY");
    assertEquals(errorName(codeOf(goaway)), "ENHANCE_YOUR_CALM");
    const error = await assertRejects(() => stream.read(), Http2Error);
    assertEquals(errorName(error.code), "ENHANCE_YOUR_CALM");
  });
}

Deno.test("connectHttp2() ends a flood of long header lists that cost nothing to send", async () => {
  using _ = stopClock();
  await using server = await RawServer.greeted();
  const list = longList(MAX_HEADER_LIST_SIZE - 10_000, "");
  for (let id = 1; id <= 9; id += 2) {
    await server.request(undefined, { endStream: true });
    server.send(...headerFrames(id, bytes(OK, list)));
  }
  const goaway = await server.until("GOAWAY");
  assertEquals(errorName(codeOf(goaway)), "ENHANCE_YOUR_CALM");
});

Deno.test("connectHttp2() takes a burst of WINDOW_UPDATEs of a size that peers send", async () => {
  using _ = stopClock();
  await using server = await RawServer.greeted();
  await server.request();
  const update = frame("WINDOW_UPDATE", 0, 1, uint32(1024));
  server.send(bytes(...Array.from({ length: 12_000 }, () => update)), PING);
  assertEquals((await server.until("PING")).flags, 1);
});

Deno.test("connectHttp2() takes any number of streams that the server resets", async () => {
  using _ = stopClock();
  await using server = await RawServer.greeted();
  for (let id = 1; id < 6_000; id += 2) {
    await server.request();
    server.send(frame("RST_STREAM", 0, id, uint32(7)));
  }
  server.send(PING);
  assertEquals((await server.until("PING")).flags, 1);
});

Deno.test("connectHttp2() takes any number of responses with trailers", async () => {
  using _ = stopClock();
  await using server = await RawServer.greeted();
  for (let id = 1; id < 20_400; id += 2) {
    void server.connection.request(POST, { endStream: true });
    server.send(
      frame("HEADERS", 4, id, OK),
      frame("HEADERS", 5, id, "000161 0162"),
    );
    if (id % 200 === 1) await server.taken();
  }
  server.send(PING);
  assertEquals((await server.until("PING")).flags, 1);
});

Deno.test("connectHttp2() takes trailers of several MiB, in frames of any size", async () => {
  await using server = await RawServer.greeted();
  const value = "x".repeat(4 * 1024 * 1024);
  for (const size of [16_384, 700]) {
    const stream = await server.request();
    server.send(
      frame("HEADERS", 4, stream.id, OK),
      ...headerFrames(stream.id, block(["a", value]), size),
    );
    assertEquals(await stream.read(), null);
    assertEquals(stream.trailers[0]?.[1] === value, true);
  }
});

Deno.test("connectHttp2() ends a connection whose header block does not end", async () => {
  const full = frame("CONTINUATION", 0, 1, new Uint8Array(16_384));
  const cases: Record<string, [Uint8Array, number]> = {
    // As long as that, it may be a list of 16 MiB and more: only its stream's.
    "of bytes": [full, 2 * MAX_HEADER_LIST_SIZE / 16_384],
    "of short frames": [frame("CONTINUATION", 0, 1), 10_000],
  };
  for (const [what, [piece, most]] of Object.entries(cases)) {
    await using server = await RawServer.greeted();
    await server.request();
    const { written } = server;
    server.send(frame("HEADERS", 0, 1, OK));
    for (let i = 1; i < most; i++) server.send(piece);
    await server.taken();
    assertEquals(server.written, written, what);
    server.send(piece, piece);
    const goaway = await server.until("GOAWAY");
    assertEquals(errorName(codeOf(goaway)), "ENHANCE_YOUR_CALM", what);
  }
});

Deno.test("connectHttp2() ends a server that asks and never reads the answers", async () => {
  using clock = stopClock();
  await using server = await RawServer.greeted();
  server.pause();
  // What is queued before the end is the bound: 1 MiB of answers of 17 bytes.
  for (let i = 0; i < 10; i++) {
    clock.advance(10_000);
    server.send(bytes(...Array.from({ length: 9_000 }, () => PING)));
    await server.taken();
  }
  server.resume();
  const goaway = await server.until("GOAWAY");
  assertEquals(errorName(codeOf(goaway)), "ENHANCE_YOUR_CALM");
  assert(server.written < 2_000_000, `${server.written}`);
});
