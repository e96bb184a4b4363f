import { assert, assertEquals } from "../support/assert.ts";
import { ErrorCode, type Http2Error } from "../../lib/http2/error.ts";
import { encodeHeaders } from "../../lib/http2/hpack_encode.ts";
import { Allowance, MAX_HEADER_LIST_SIZE } from "../../lib/http2/limits.ts";
import type { Http2Stream } from "../../lib/http2/server.ts";
import {
  bytes,
  codeOf,
  frame,
  RawPeer,
  REQUEST,
  request,
  uint32,
} from "./raw_peer.ts";
import { headerFrames, longList, stopClock } from "./floods.ts";

const PING = frame("PING", 0, 0, "0000000000000000");

/** Floods, each of frames that are harmless one by one. */
const FLOODS: Record<string, (id: number) => Uint8Array> = {
  "PING": () => PING,
  "PING ACK": () => frame("PING", 1, 0, "0000000000000000"),
  "SETTINGS": () => frame("SETTINGS", 0, 0),
  "SETTINGS ACK": () => frame("SETTINGS", 1, 0),
  "empty DATA": () => frame("DATA", 0, 1),
  "DATA of padding": () => frame("DATA", 8, 1, "00"),
  "PRIORITY": () => frame("PRIORITY", 0, 1, "0000000000"),
  "unknown frames": () => frame("99", 0, 1),
  "GOAWAY": () => frame("GOAWAY", 0, 0, "0000000000000000"),
  "RST_STREAM of a closed stream": () => frame("RST_STREAM", 0, 3, uint32(8)),
  "WINDOW_UPDATE of a closed stream": () =>
    frame("WINDOW_UPDATE", 0, 3, uint32(1)),
  "streams opened and reset": (id) =>
    bytes(request(id, false), frame("RST_STREAM", 0, id, uint32(8))),
  "malformed requests": (id) => frame("HEADERS", 5, id, "838684 00014100"),
  "HEADERS after END_STREAM": (id) => bytes(request(id), request(id)),
  "small WINDOW_UPDATE": () => frame("WINDOW_UPDATE", 0, 1, uint32(1)),
  "WINDOW_UPDATE of 0": (id) =>
    bytes(request(id), frame("WINDOW_UPDATE", 0, id, uint32(0))),
};

for (const [what, piece] of Object.entries(FLOODS)) {
  Deno.test(`serveHttp2() ends a flood of ${what} with ENHANCE_YOUR_CALM`, async () => {
    using _ = stopClock();
    await using peer = await RawPeer.greeted((stream) => {
      if (stream.id === 3) stream.end([[":status", "200"]]);
    });
    peer.send(request(1, false), request(3));
    let id = 5;
    const flood: Uint8Array[] = [];
    for (let i = 0; i < 12_000; i++, id += 2) flood.push(piece(id));
    peer.send(bytes(...flood));
    assertEquals(
      codeOf(await peer.until("GOAWAY")),
      ErrorCode.ENHANCE_YOUR_CALM,
    );
    assertEquals((await peer.connection.closed).reason, "error");
  });
}

Deno.test("serveHttp2() counts SETTINGS that touch many streams as many frames", async () => {
  using _ = stopClock();
  await using peer = await RawPeer.greeted();
  for (let id = 1; id < 2_000; id += 2) peer.send(request(id));
  // Without streams, so many would pass: see the PINGs below.
  const settings = frame("SETTINGS", 0, 0, `0004 ${uint32(65_535)}`);
  peer.send(bytes(...Array.from({ length: 9_000 }, () => settings)));
  const goaway = await peer.until("GOAWAY");
  assertEquals(codeOf(goaway), ErrorCode.ENHANCE_YOUR_CALM);
});

Deno.test("serveHttp2() counts SETTINGS that touch a hundred streams as two frames", async () => {
  using _ = stopClock();
  await using peer = await RawPeer.greeted();
  for (let id = 1; id < 201; id += 2) peer.send(request(id));
  const settings = frame("SETTINGS", 0, 0, `0004 ${uint32(65_535)}`);
  peer.send(bytes(...Array.from({ length: 4_950 }, () => settings)), PING);
  assertEquals((await peer.until("PING")).flags, 1);
  peer.send(bytes(...Array.from({ length: 100 }, () => settings)));
  const goaway = await peer.until("GOAWAY");
  assertEquals(codeOf(goaway), ErrorCode.ENHANCE_YOUR_CALM);
});

Deno.test("serveHttp2() lets pass as many PINGs as any real peer sends", async () => {
  await using peer = await RawPeer.greeted();
  for (let i = 0; i < 9_000; i++) peer.send(PING);
  for (let i = 0; i < 9_000; i++) assertEquals((await peer.next())?.flags, 1);
});

Deno.test("serveHttp2() ends a peer that asks and never reads the answers", async () => {
  await using peer = await RawPeer.greeted((stream) => {
    stream.end([[":status", "200"], ["a", "b".repeat(1000)]]);
  });
  peer.pause();
  let id = 1;
  // What is queued before the end is the bound: 1 MiB and one answer.
  for (let i = 0; i < 3_000; i++, id += 2) peer.send(request(id));
  await peer.taken();
  assertEquals(peer.connection.streams, 0);
  peer.resume();
  const goaway = await peer.until("GOAWAY");
  assertEquals(codeOf(goaway), ErrorCode.ENHANCE_YOUR_CALM);
  assert(peer.written < 3_000_000, `${peer.written}`);
});

Deno.test("serveHttp2() lets go of a peer that does not even read its GOAWAY", async () => {
  await using peer = await RawPeer.greeted();
  peer.pause();
  peer.send(PING);
  await peer.taken();
  peer.send(frame("DATA", 0, 0, "00"));
  // Neither the write settles nor the peer hangs up.
  const { reason, error } = await peer.connection.closed;
  assertEquals(reason, "error");
  assertEquals((error as Http2Error).code, ErrorCode.PROTOCOL_ERROR);
});

Deno.test("serveHttp2() refuses streams above the limit, until one ends", async () => {
  let ended!: () => void;
  await using peer = await RawPeer.greeted((stream) => {
    if (stream.id === 1) ended = () => stream.end([[":status", "200"]]);
    if (stream.id > 5) stream.end([[":status", "200"]]);
  }, { maxConcurrentStreams: 2 });
  peer.send(request(1), request(3, false), request(5, false));
  const reset = await peer.until("RST_STREAM");
  assertEquals([reset.id, codeOf(reset)], [5, ErrorCode.REFUSED_STREAM]);
  // Its body was on the way already.
  peer.send(frame("DATA", 1, 5, "00"));
  assertEquals(peer.connection.streams, 2);
  ended();
  assertEquals((await peer.until("HEADERS")).id, 1);
  peer.send(request(7));
  assertEquals((await peer.until("HEADERS")).id, 7);
});

Deno.test("serveHttp2() tells its limits in its first frames", async () => {
  await using peer = new RawPeer(() => {}, {
    maxConcurrentStreams: 7,
    streamWindow: 0x10000,
    connectionWindow: 0x20000,
  });
  assertEquals(
    (await peer.next())?.payload,
    bytes("0003 00000007 0004 00010000 0006 01000000"),
  );
  const update = await peer.next();
  assertEquals([update?.type, update?.id], ["WINDOW_UPDATE", 0]);
  assertEquals(update?.payload, bytes(uint32(0x20000 - 65_535)));
});

Deno.test("serveHttp2() resets a stream with too long a header list, and keeps its tables", async () => {
  await using peer = await RawPeer.greeted((stream) => {
    stream.end([[":status", stream.get("k") === "v" ? "200" : "500"]]);
  });
  peer.send(
    ...headerFrames(
      1,
      longList(MAX_HEADER_LIST_SIZE + 1, REQUEST, "40 016b 0176"),
    ),
  );
  const reset = await peer.until("RST_STREAM");
  assertEquals([reset.id, codeOf(reset)], [1, ErrorCode.ENHANCE_YOUR_CALM]);
  peer.send(frame("HEADERS", 5, 3, `${REQUEST} be`));
  assertEquals((await peer.until("HEADERS")).payload, Uint8Array.of(0x88));
});

Deno.test("serveHttp2() ends a connection whose header block does not end", async () => {
  const full = bytes(
    ...Array.from(
      { length: 64 },
      () => frame("CONTINUATION", 0, 1, new Uint8Array(16_384)),
    ),
  );
  const short = frame("CONTINUATION", 0, 1, new Uint8Array(1023));
  const cases: Record<string, [Uint8Array, number]> = {
    "of bytes": [full, 16],
    "of short frames": [short, 64],
    "of empty frames": [frame("CONTINUATION", 0, 1), 64],
  };
  for (const [what, [piece, most]] of Object.entries(cases)) {
    await using peer = await RawPeer.greeted();
    // Each but the last is still let pass.
    const { written } = peer;
    peer.send(frame("HEADERS", 0, 1, REQUEST));
    for (let i = 1; i < most; i++) peer.send(piece);
    await peer.taken();
    assertEquals(peer.written, written, what);
    peer.send(piece, piece);
    const goaway = await peer.until("GOAWAY");
    assertEquals(codeOf(goaway), ErrorCode.ENHANCE_YOUR_CALM, what);
  }
});

Deno.test("serveHttp2() takes as many header fields as an ignore file of 1 MiB has lines", async () => {
  let got: string[] = [];
  await using peer = await RawPeer.greeted((stream) => {
    got = stream.getAll("exclude-patterns");
    stream.end([[":status", "200"]]);
  });
  const patterns = Array.from({ length: 200_000 }, (_, i) => `${i}`);
  const name = "exclude-patterns";
  const block = encodeHeaders(patterns.map((pattern) => [name, pattern]));
  peer.send(...headerFrames(1, bytes(REQUEST, block)));
  assertEquals((await peer.until("HEADERS")).payload, Uint8Array.of(0x88));
  assertEquals(got, patterns);
});

Deno.test("serveHttp2() ends a flood of long header lists that cost nothing to send", async () => {
  using _ = stopClock();
  await using peer = await RawPeer.greeted((stream) => {
    stream.end([[":status", "200"]]);
  });
  const block = longList(MAX_HEADER_LIST_SIZE - 10_000, REQUEST);
  assert(block.length < 9_000, `${block.length}`);
  for (let id = 1; id <= 9; id += 2) peer.send(...headerFrames(id, block));
  const goaway = await peer.until("GOAWAY");
  assertEquals(codeOf(goaway), ErrorCode.ENHANCE_YOUR_CALM);
  assertEquals((await peer.connection.closed).reason, "error");
});

Deno.test("serveHttp2() takes any number of header lists below 64 KiB, and their streams stay open", async () => {
  using _ = stopClock();
  await using peer = await RawPeer.greeted((stream) => {
    if (stream.id > 1_100) stream.end([[":status", "200"]]);
  }, { maxConcurrentStreams: 2_000 });
  const block = longList(58_000, REQUEST);
  // More in all than the longer ones may be, at once or held.
  for (let id = 1; id < 2_500; id += 2) peer.send(...headerFrames(id, block));
  peer.send(PING);
  assertEquals((await peer.until("PING")).flags, 1);
  assertEquals(peer.connection.streams, 550);
});

Deno.test("serveHttp2() holds no more than four of the longest header lists", async () => {
  using clock = stopClock();
  const open: Http2Stream[] = [];
  await using peer = await RawPeer.greeted((stream) => void open.push(stream));
  const block = longList(MAX_HEADER_LIST_SIZE - 10_000, REQUEST);
  let id = 1;
  const send = () => {
    clock.advance(10_000);
    peer.send(...headerFrames(id, block));
    id += 2;
  };
  for (let i = 0; i < 4; i++) {
    send();
    await peer.taken();
  }
  assertEquals(open.length, 4);
  send();
  const reset = await peer.until("RST_STREAM");
  assertEquals([reset.id, codeOf(reset)], [9, ErrorCode.REFUSED_STREAM]);
  // Others have room.
  peer.send(request(id));
  id += 2;
  await peer.taken();
  assertEquals(open.length, 5);
  open[0]!.end([[":status", "200"]]);
  send();
  await peer.taken();
  assertEquals(open.map(({ id }) => id), [1, 3, 5, 7, 11, 13]);
});

Deno.test("serveHttp2() stays quick when a block refers to one long field many times", async () => {
  await using peer = await RawPeer.greeted();
  // 4 KiB in the table, referred to 16 000 times: 64 MiB if it were kept.
  const long = bytes("40 01 61 7f 81 1e", new Uint8Array(3_968).fill(97));
  peer.send(
    frame("HEADERS", 1, 1, bytes(REQUEST, long)),
    frame("CONTINUATION", 4, 1, new Uint8Array(16_000).fill(0xbe)),
  );
  const reset = await peer.until("RST_STREAM");
  assertEquals(codeOf(reset), ErrorCode.ENHANCE_YOUR_CALM);
});

Deno.test("Allowance refills with time, up to its burst", async () => {
  const allowance = new Allowance({ burst: 10, perSecond: 1000 });
  let taken = 0;
  while (allowance.take(1)) taken++;
  assert(taken >= 10);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assertEquals(allowance.take(10), true);
});
