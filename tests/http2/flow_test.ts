import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { ErrorCode, Http2Error } from "../../lib/http2/error.ts";
import type { Http2Stream } from "../../lib/http2/server.ts";
import { bytes, codeOf, frame, RawPeer, request, uint32 } from "./raw_peer.ts";

const SMALLEST_WINDOW = 65_535;

/** A handler that gives its stream away. */
function catcher(): [(stream: Http2Stream) => void, Promise<Http2Stream>] {
  let caught!: (stream: Http2Stream) => void;
  const stream = new Promise<Http2Stream>((resolve) => caught = resolve);
  return [(stream) => caught(stream), stream];
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 7 + (i >> 8));
}

/** Takes DATA of a stream until `count` bytes came; gives them and the frames' lengths. */
async function receive(
  peer: RawPeer,
  id: number,
  count: number,
): Promise<[Uint8Array, number[]]> {
  const body = new Uint8Array(count);
  const lengths: number[] = [];
  let at = 0;
  while (at < count) {
    const data = await peer.until("DATA");
    assertEquals(data.id, id);
    body.set(data.payload, at);
    at += data.payload.length;
    lengths.push(data.payload.length);
  }
  return [body, lengths];
}

function initialWindow(size: number): Uint8Array {
  return frame("SETTINGS", 0, 0, `0004 ${uint32(size)}`);
}

Deno.test("write() sends nothing while the peer's window is 0, and byte by byte as it opens", async () => {
  const [handler, caught] = catcher();
  await using peer = await RawPeer.greeted(handler);
  peer.send(initialWindow(0), request(1));
  const stream = await caught;
  stream.respond([[":status", "200"]]);
  const body = pattern(5);
  const written = stream.write(body.subarray(0, 2), body.subarray(2));
  assert(written instanceof Promise);
  const ended = stream.end([["a", "b"]]);
  assert(ended instanceof Promise);
  assertEquals((await peer.until("HEADERS")).flags, 4);
  peer.send(frame("PING", 0, 0, "0000000000000000"));
  // Had DATA been sent, it would come before the answer to the PING.
  assertEquals((await peer.next())?.type, "PING");
  for (let i = 0; i < 5; i++) {
    peer.send(frame("WINDOW_UPDATE", 0, 1, uint32(1)));
    const data = await peer.next();
    assertEquals([data?.type, data?.payload], ["DATA", body.slice(i, i + 1)]);
  }
  await written;
  await ended;
  assertEquals((await peer.next())?.type, "HEADERS");
  assertEquals(peer.connection.streams, 0);
});

Deno.test("write() obeys the connection's window too", async () => {
  const [handler, caught] = catcher();
  await using peer = await RawPeer.greeted(handler);
  peer.send(initialWindow(1 << 20), request(1));
  const stream = await caught;
  stream.respond([[":status", "200"]]);
  const body = pattern(100_000);
  const written = stream.write(body);
  const [first] = await receive(peer, 1, 65_535);
  assertEquals(first, body.subarray(0, 65_535));
  peer.send(frame("PING", 0, 0, "0000000000000000"));
  assertEquals((await peer.next())?.type, "PING");
  peer.send(frame("WINDOW_UPDATE", 0, 0, uint32(1 << 20)));
  const [second] = await receive(peer, 1, 100_000 - 65_535);
  assertEquals(second, body.subarray(65_535));
  await written;
});

Deno.test("write() cuts DATA at 16384 bytes and joins small parts", async () => {
  const [handler, caught] = catcher();
  await using peer = await RawPeer.greeted(handler);
  peer.send(
    frame("WINDOW_UPDATE", 0, 0, uint32(1 << 20)),
    initialWindow(1 << 20),
    // Larger frames are allowed, not needed.
    frame("SETTINGS", 0, 0, "0005 00ffffff"),
    request(1),
  );
  const stream = await caught;
  stream.respond([[":status", "200"]]);
  const body = pattern(40_000);
  assertEquals(stream.write(body.subarray(0, 20_000)), undefined);
  for (let at = 20_000; at < 40_000; at += 100) {
    assertEquals(stream.write(body.subarray(at, at + 100)), undefined);
  }
  const [received, lengths] = await receive(peer, 1, 40_000);
  assertEquals(received, body);
  assertEquals(lengths, [16_384, 16_384, 7_232]);
});

Deno.test("write() holds still after SETTINGS made the window negative", async () => {
  const [handler, caught] = catcher();
  await using peer = await RawPeer.greeted(handler);
  peer.send(request(1));
  const stream = await caught;
  stream.respond([[":status", "200"]]);
  const body = pattern(70_000);
  const written = stream.write(body);
  await receive(peer, 1, 65_535);
  peer.send(frame("WINDOW_UPDATE", 0, 0, uint32(1 << 20)));
  // Window: 0, then -65535, then -1, then 0, then 1.
  peer.send(initialWindow(0), frame("WINDOW_UPDATE", 0, 1, uint32(65_534)));
  peer.send(initialWindow(1));
  assertEquals((await peer.until("SETTINGS")).flags, 1);
  assertEquals((await peer.until("SETTINGS")).flags, 1);
  peer.send(frame("PING", 0, 0, "0000000000000000"));
  assertEquals((await peer.next())?.type, "PING");
  peer.send(initialWindow(2));
  const frames = [await peer.next(), await peer.next()];
  assertEquals(frames.map((f) => [f?.type, f?.payload.length]).sort(), [
    ["DATA", 1],
    ["SETTINGS", 0],
  ]);
  peer.send(frame("WINDOW_UPDATE", 0, 1, uint32(1 << 20)));
  await receive(peer, 1, 70_000 - 65_536);
  await written;
});

Deno.test("write() takes turns between streams that wait", async () => {
  const streams: Http2Stream[] = [];
  let three!: () => void;
  const all = new Promise<void>((resolve) => three = resolve);
  await using peer = await RawPeer.greeted((stream) => {
    streams.push(stream);
    if (streams.length === 3) three();
  });
  peer.send(initialWindow(1 << 20), request(1), request(3), request(5));
  await all;
  for (const stream of streams) {
    stream.respond([[":status", "200"]]);
    void stream.write(new Uint8Array(100_000));
  }
  // 65535 bytes of the connection's window are used up by the first stream.
  await receive(peer, 1, 65_535);
  // A stream that is in line already has no second place in it.
  for (let i = 0; i < 3; i++) {
    peer.send(frame("WINDOW_UPDATE", 0, 3, uint32(9)));
  }
  peer.send(frame("WINDOW_UPDATE", 0, 0, uint32(16_384 * 6)));
  const order: number[] = [];
  for (let i = 0; i < 6; i++) order.push((await peer.until("DATA")).id);
  assertEquals(order, [1, 3, 5, 1, 3, 5]);
});

Deno.test("write() queues a bounded number of bytes for a peer that does not read", async () => {
  const [handler, caught] = catcher();
  await using peer = await RawPeer.greeted(handler);
  peer.send(
    frame("WINDOW_UPDATE", 0, 0, uint32(0x7fff0000 - 65_535)),
    initialWindow(0x7fff0000),
    request(1),
  );
  const stream = await caught;
  peer.pause();
  stream.respond([[":status", "200"]]);
  const chunk = new Uint8Array(10_000);
  let taken = 0;
  let waiting: Promise<void> | undefined;
  let room: boolean;
  do {
    do {
      taken += chunk.length;
      waiting = stream.write(chunk);
    } while (waiting === undefined && taken < 1_000_000);
    room = false;
    waiting?.then(() => room = true);
    // The first batch goes off between two turns, then no other.
    for (let i = 0; i < 20 && !room; i++) {
      await new Promise((resolve) => setTimeout(resolve));
    }
  } while (room && taken < 1_000_000);
  assert(taken > 100_000, `${taken}`);
  assert(taken < 1_000_000, `${taken}`);
  // A PING is answered with the next write, ahead of the DATA that waits.
  peer.send(frame("PING", 0, 0, "0102030405060708"));
  await peer.taken();
  peer.resume();
  let ahead = 0;
  for (;;) {
    const frame = (await peer.next())!;
    if (frame.type === "PING") break;
    ahead += frame.payload.length;
  }
  assert(ahead < 300_000, `${ahead}`);
  await waiting;
});

Deno.test("read() holds the peer to the window, and gives it back in large pieces", async () => {
  const [handler, caught] = catcher();
  await using peer = await RawPeer.greeted(handler, {
    streamWindow: SMALLEST_WINDOW,
    connectionWindow: SMALLEST_WINDOW,
  });
  peer.send(request(1, false));
  const body = pattern(SMALLEST_WINDOW);
  for (let at = 0; at < body.length; at += 16_384) {
    peer.send(frame("DATA", 0, 1, body.subarray(at, at + 16_384)));
  }
  const stream = await caught;
  peer.send(frame("PING", 0, 0, "0000000000000000"));
  // Nothing is given back before something is read.
  assertEquals((await peer.next())?.type, "PING");
  let at = 0;
  while (at < body.length) {
    const chunk = await stream.read();
    assertEquals(chunk, body.subarray(at, at + chunk!.length));
    at += chunk!.length;
  }
  const updates = [await peer.next(), await peer.next()];
  assertEquals(updates.map((f) => f?.type), ["WINDOW_UPDATE", "WINDOW_UPDATE"]);
  assertEquals(updates.map((f) => f?.id).sort(), [0, 1]);
  peer.send(frame("DATA", 1, 1, "2a"));
  assertEquals(await stream.read(), Uint8Array.of(42));
  assertEquals(await stream.read(), null);
  assertEquals(await stream.read(), null);
});

Deno.test("read() joins small frames, however many came", async () => {
  const [handler, caught] = catcher();
  await using peer = await RawPeer.greeted(handler);
  peer.send(request(1, false));
  const body = pattern(10_000);
  for (let at = 0; at < body.length; at++) {
    peer.send(frame("DATA", 0, 1, body.subarray(at, at + 1)));
  }
  peer.send(frame("DATA", 1, 1), frame("PING", 0, 0, "0000000000000000"));
  const stream = await caught;
  await peer.until("PING");
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await stream.read();
    if (chunk === null) break;
    chunks.push(chunk);
  }
  assertEquals(chunks.flatMap((chunk) => [...chunk]), [...body]);
  assert(chunks.length <= 3, `${chunks.length}`);
});

Deno.test("read() rejects a second call while one is pending", async () => {
  const [handler, caught] = catcher();
  await using peer = await RawPeer.greeted(handler);
  peer.send(request(1, false));
  const stream = await caught;
  const first = stream.read();
  await assertRejects(() => stream.read(), TypeError);
  peer.send(frame("DATA", 0, 1, "2a"));
  assertEquals(await first, Uint8Array.of(42));
});

Deno.test("serveHttp2() resets a stream that sends past its window, and gives the bytes back", async () => {
  await using peer = await RawPeer.greeted(() => {}, {
    streamWindow: SMALLEST_WINDOW,
    connectionWindow: 3 * SMALLEST_WINDOW,
  });
  const full = new Uint8Array(16_384);
  let id = 1;
  // Many times the connection's window in all.
  for (let round = 0; round < 8; round++, id += 2) {
    peer.send(request(id, false));
    for (let i = 0; i < 4; i++) peer.send(frame("DATA", 0, id, full));
    const reset = await peer.until("RST_STREAM");
    assertEquals(reset.id, id);
    assertEquals(codeOf(reset), ErrorCode.FLOW_CONTROL_ERROR);
  }
});

Deno.test("serveHttp2() ends a connection that sends past its window", async () => {
  await using peer = await RawPeer.greeted(() => {}, {
    connectionWindow: SMALLEST_WINDOW,
  });
  peer.send(request(1, false));
  for (let i = 0; i < 4; i++) {
    peer.send(frame("DATA", 0, 1, new Uint8Array(16_384)));
  }
  assertEquals(
    codeOf(await peer.until("GOAWAY")),
    ErrorCode.FLOW_CONTROL_ERROR,
  );
});

Deno.test("serveHttp2() counts padding and DATA of closed streams as consumed", async () => {
  await using peer = await RawPeer.greeted(
    (stream) => {
      stream.end([[":status", "200"]]);
    },
    { connectionWindow: SMALLEST_WINDOW },
  );
  peer.send(request(1, false));
  await peer.until("RST_STREAM");
  let granted = SMALLEST_WINDOW;
  for (let sent = 0; sent < 10 * SMALLEST_WINDOW; sent += 16_000) {
    while (granted < 16_000) {
      const update = await peer.until("WINDOW_UPDATE");
      assertEquals(update.id, 0);
      granted += new DataView(update.payload.slice().buffer).getUint32(0);
    }
    granted -= 16_000;
    const data = new Uint8Array(16_000);
    data[0] = 255;
    peer.send(frame("DATA", 8, 1, data));
  }
});

Deno.test("serveHttp2() gives padding back, to the window of the stream and of the connection", async () => {
  const [handler, caught] = catcher();
  await using peer = await RawPeer.greeted(handler, {
    streamWindow: SMALLEST_WINDOW,
    connectionWindow: SMALLEST_WINDOW,
  });
  peer.send(request(1, false));
  await caught;
  const granted = [SMALLEST_WINDOW, SMALLEST_WINDOW];
  // A byte in each frame, which nobody reads, and 255 of padding.
  const padded = frame("DATA", 8, 1, bytes("ff 00", new Uint8Array(255)));
  for (let sent = 0; sent < 1_000; sent++) {
    while (Math.min(...granted) < 257) {
      const { id, payload } = await peer.until("WINDOW_UPDATE");
      granted[id]! += new DataView(payload.slice().buffer).getUint32(0);
    }
    granted[0]! -= 257;
    granted[1]! -= 257;
    peer.send(padded);
  }
  await peer.taken();
  assertEquals(peer.connection.streams, 1);
  const read: number[] = [];
  while (read.length < 1_000) read.push(...(await (await caught).read())!);
  assertEquals(read, new Array(1_000).fill(0));
});

Deno.test("Http2Stream works to both ends while neither waits for the other", async () => {
  await using peer = await RawPeer.greeted(async (stream) => {
    stream.respond([[":status", "200"]]);
    for (;;) {
      const chunk = await stream.read();
      if (chunk === null) break;
      await stream.write(chunk);
    }
    await stream.end();
  });
  peer.send(request(1, false));
  for (let i = 0; i < 10; i++) {
    peer.send(frame("DATA", 0, 1, Uint8Array.of(i)));
    assertEquals((await peer.until("DATA")).payload, Uint8Array.of(i));
  }
  peer.send(frame("DATA", 1, 1));
  const last = await peer.until("DATA");
  assertEquals([last.flags, last.payload.length], [1, 0]);
});

Deno.test("write() waits in order behind an earlier write, and end() behind both", async () => {
  const [handler, caught] = catcher();
  await using peer = await RawPeer.greeted(handler);
  peer.send(initialWindow(0), request(1));
  const stream = await caught;
  stream.respond([[":status", "200"]]);
  void stream.write(Uint8Array.of(1));
  void stream.write(Uint8Array.of(2), new Uint8Array(), Uint8Array.of(3));
  void stream.write();
  void stream.end([["a", "b"]]);
  peer.send(frame("WINDOW_UPDATE", 0, 1, uint32(2)));
  assertEquals((await peer.until("DATA")).payload, Uint8Array.of(1, 2));
  peer.send(frame("WINDOW_UPDATE", 0, 1, uint32(100)));
  assertEquals((await peer.until("DATA")).payload, Uint8Array.of(3));
  assertEquals((await peer.next())?.flags, 5);
});

Deno.test("write() rejects what waits when the peer resets the stream", async () => {
  const [handler, caught] = catcher();
  await using peer = await RawPeer.greeted(handler);
  peer.send(initialWindow(0), request(1, false));
  const stream = await caught;
  stream.respond([[":status", "200"]]);
  const pending = [
    stream.write(Uint8Array.of(1)),
    stream.end([["a", "b"]]),
    stream.read(),
  ];
  peer.send(frame("RST_STREAM", 0, 1, uint32(ErrorCode.CANCEL)));
  for (const promise of pending) {
    const error = await assertRejects(() => promise!, Http2Error);
    assertEquals([error.code, error.streamId, error.remote], [8, 1, true]);
    assertEquals(stream.signal.reason, error);
  }
});

Deno.test("what a handler left unread when it answered is given back to the connection's window", async () => {
  const streams = new Map<number, Http2Stream>();
  await using peer = await RawPeer.greeted(
    (stream) => void streams.set(stream.id, stream),
    { connectionWindow: SMALLEST_WINDOW },
  );
  let granted = SMALLEST_WINDOW;
  const next = async () => {
    const frame = (await peer.next())!;
    if (frame.type === "WINDOW_UPDATE" && frame.id === 0) {
      granted += new DataView(frame.payload.slice().buffer).getUint32(0);
    }
    return frame.type;
  };
  for (let id = 1; id < 41; id += 2) {
    while (granted < 16_000) await next();
    granted -= 16_000;
    peer.send(request(id, false), frame("DATA", 0, id, new Uint8Array(16_000)));
    await peer.taken();
    streams.get(id)!.end([[":status", "200"]]);
    while (await next() !== "RST_STREAM");
  }
  assertEquals(streams.size, 20);
});
