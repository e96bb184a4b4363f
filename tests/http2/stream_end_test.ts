/** Lengths, trailers and ends of single streams, and the words of each. */
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { errorName, Http2Error } from "../../lib/http2/error.ts";
import { MAX_HEADER_LIST_SIZE } from "../../lib/http2/limits.ts";
import type { Http2Stream } from "../../lib/http2/server.ts";
import { headerFrames, longList, stopClock } from "./floods.ts";
import {
  bytes,
  codeOf,
  frame,
  RawPeer,
  REQUEST,
  request,
  uint32,
} from "./raw_peer.ts";

const PING = frame("PING", 0, 0, "0000000000000000");
const SETTINGS = frame("SETTINGS", 0, 0);

/** `POST http /x` with a `content-length` of one digit. */
function announcing(digit: number): Uint8Array {
  // A literal with the name's place in the static table: content-length is 28.
  return frame(
    "HEADERS",
    4,
    1,
    bytes(REQUEST, "0f0d 01", Uint8Array.of(48 + digit)),
  );
}

Deno.test("a body is as long as it was announced, to the byte", async () => {
  for (
    const [announced, pieces, isTaken] of [
      [0, [0], true],
      [0, [1], false],
      [2, [2], true],
      [2, [1, 1, 0], true],
      [2, [3], false],
      [2, [2, 1], false],
      [2, [1], false],
      [2, [0], false],
    ] as const
  ) {
    const { promise, resolve } = Promise.withResolvers<Http2Stream>();
    await using peer = await RawPeer.greeted(resolve);
    peer.send(announcing(announced));
    pieces.forEach((length, at) => {
      const isLast = at === pieces.length - 1;
      peer.send(frame("DATA", isLast ? 1 : 0, 1, new Uint8Array(length)));
    });
    const stream = await promise;
    await peer.taken();
    const what = `${announced}: ${pieces}`;
    assertEquals(stream.get("content-length"), `${announced}`);
    assertEquals(stream.signal.aborted, !isTaken, what);
    if (isTaken) continue;
    assertEquals(
      errorName(codeOf(await peer.until("RST_STREAM"))),
      "PROTOCOL_ERROR",
    );
  }
});

Deno.test("serveHttp2() resets a stream with too long trailers", async () => {
  await using peer = await RawPeer.greeted();
  peer.send(request(1, false));
  peer.send(...headerFrames(1, longList(MAX_HEADER_LIST_SIZE + 1, "")));
  const reset = await peer.until("RST_STREAM");
  assertEquals([reset.id, errorName(codeOf(reset))], [1, "ENHANCE_YOUR_CALM"]);
});

Deno.test("serveHttp2() takes any number of requests with trailers", async () => {
  using _ = stopClock();
  await using peer = await RawPeer.greeted(async (stream) => {
    await stream.read();
    stream.end([[":status", "200"]]);
  });
  for (let id = 1; id < 20_400; id += 2) {
    peer.send(request(id, false), frame("HEADERS", 5, id, "000161 0162"));
    if (id % 200 === 1) await peer.taken();
  }
  peer.send(PING);
  assertEquals((await peer.until("PING")).flags, 1);
});

Deno.test("a header table of the usual size is not told again, a smaller one is", async () => {
  for (const [size, first] of [[4096, 0x88], [4095, 0x20]] as const) {
    await using peer = await RawPeer.greeted((stream) => {
      stream.end([[":status", "200"]]);
    });
    peer.send(frame("SETTINGS", 0, 0, `0001 ${uint32(size)}`), request(1));
    assertEquals((await peer.until("HEADERS")).payload[0], first);
  }
});

Deno.test("what a peer resets or ends is told by the code's name", async () => {
  const { promise, resolve } = Promise.withResolvers<Http2Stream>();
  await using peer = await RawPeer.greeted(resolve);
  peer.send(request(1, false));
  const stream = await promise;
  const read = assertRejects(
    () => stream.read(),
    Http2Error,
    "by the peer: ENHANCE_YOUR_CALM",
  );
  peer.send(frame("RST_STREAM", 0, 1, uint32(11)));
  await read;
  peer.send(frame("GOAWAY", 0, 0, `00000000 ${uint32(1)}`));
  const { error } = await peer.connection.closed;
  assertEquals(
    error?.message,
    "Connection was ended by the peer: PROTOCOL_ERROR",
  );
});

Deno.test("what nobody waits for may fail when a stream is reset", async () => {
  const { promise, resolve } = Promise.withResolvers<Http2Stream>();
  await using peer = await RawPeer.greeted(resolve);
  peer.send(request(1, false));
  const stream = await promise;
  stream.respond([[":status", "200"]]);
  void stream.write(new Uint8Array(200_000));
  void stream.end([["a", "b"]]);
  peer.send(frame("RST_STREAM", 0, 1, uint32(8)));
  await peer.taken();
  assert(stream.signal.aborted);
  await new Promise((resolve) => setTimeout(resolve));
});

/** The next frame is the answer to SETTINGS: nothing else was sent before. */
async function assertSilent(peer: RawPeer, what: string): Promise<void> {
  peer.send(SETTINGS);
  assertEquals((await peer.next())?.type, "SETTINGS", what);
}

Deno.test("the window of a stream that needs none any more is not widened", async () => {
  const { promise, resolve } = Promise.withResolvers<Http2Stream>();
  await using peer = await RawPeer.greeted((stream) => {
    if (stream.id === 1) return resolve(stream);
    stream.end([[":status", "200"]]);
  }, { streamWindow: 65_535 });
  const piece = new Uint8Array(16_000);
  const send = (id: number, isLast: boolean) => {
    for (let count = 1; count <= 4; count++) {
      const flags = isLast && count === 4 ? 1 : 0;
      peer.send(frame("DATA", flags, id, piece));
    }
  };
  peer.send(request(1, false));
  send(1, true);
  const stream = await promise;
  await peer.taken();
  while (await stream.read() !== null);
  await assertSilent(peer, "the peer has ended it");
  // One that is answered before its body was read.
  peer.send(request(3, false));
  send(3, false);
  await peer.until("RST_STREAM");
  await assertSilent(peer, "it is over");
});

Deno.test("an empty frame in the middle is no piece of a body", async () => {
  const { promise, resolve } = Promise.withResolvers<Http2Stream>();
  await using peer = await RawPeer.greeted(resolve);
  peer.send(request(1, false), frame("DATA", 0, 1), frame("DATA", 0, 1, "2a"));
  const stream = await promise;
  await peer.taken();
  peer.send(frame("DATA", 0, 1), frame("DATA", 1, 1));
  assertEquals(await stream.read(), Uint8Array.of(42));
  assertEquals(await stream.read(), null);
});

Deno.test("what still comes of a stream that was refused or broken is ignored, and given back", async () => {
  await using peer = await RawPeer.greeted(() => {}, {
    maxConcurrentStreams: 1,
    connectionWindow: 65_535,
  });
  peer.send(announcing(0), frame("DATA", 0, 1, new Uint8Array(16_000)));
  await peer.until("RST_STREAM");
  peer.send(frame("DATA", 0, 1, new Uint8Array(16_000)));
  await assertSilent(peer, "a broken one");
  peer.send(request(3, false), request(5, false));
  assertEquals((await peer.until("RST_STREAM")).id, 5);
  peer.send(frame("DATA", 0, 5, new Uint8Array(16_000)), SETTINGS);
  // All of the three, once they make half of the window.
  const update = await peer.next();
  assertEquals([update?.type, update?.id], ["WINDOW_UPDATE", 0]);
  assertEquals(update?.payload, bytes(uint32(48_000)));
  assertEquals((await peer.next())?.type, "SETTINGS");
});

Deno.test("serveHttp2() takes any number of small pieces, and of bodies that end empty", async () => {
  using _ = stopClock();
  await using peer = await RawPeer.greeted(async (stream) => {
    while (await stream.read() !== null);
    stream.end([[":status", "200"]]);
  });
  const pieces = Array.from({ length: 1_000 }, () => frame("DATA", 0, 1, "2a"));
  peer.send(request(1, false));
  for (let count = 0; count < 12; count++) peer.send(bytes(...pieces));
  await peer.taken();
  for (let id = 3; id < 20_400; id += 2) {
    peer.send(request(id, false), frame("DATA", 1, id));
    if (id % 200 === 3) await peer.taken();
  }
  peer.send(PING);
  assertEquals((await peer.until("PING")).flags, 1);
});

Deno.test("serveHttp2() grants a connection a single byte more", async () => {
  await using peer = new RawPeer(() => {}, { connectionWindow: 65_536 });
  assertEquals((await peer.until("WINDOW_UPDATE")).payload, bytes(uint32(1)));
});

Deno.test("a stream that is reset while its connection ends keeps its own error", async () => {
  const streams: Http2Stream[] = [];
  await using peer = await RawPeer.greeted((stream) =>
    void streams.push(stream)
  );
  peer.send(request(1, false), request(3, false), SETTINGS);
  await peer.until("SETTINGS");
  const [first, second] = streams;
  first!.signal.addEventListener("abort", () => second!.reset(7));
  const { signal } = second!;
  await peer.connection.close();
  const error = await assertRejects(() => second!.read(), Http2Error);
  assert(signal.reason === error);
  assertEquals(error.code, 7);
});
