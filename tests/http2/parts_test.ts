import { Body } from "../../lib/http2/body.ts";
import { grantsOf } from "../../lib/http2/connection.ts";
import {
  ErrorCode,
  errorName,
  Http2Error,
  notHttp2,
} from "../../lib/http2/error.ts";
import { ReceiveFlow } from "../../lib/http2/flow.ts";
import {
  encodeGoaway,
  encodeSettings,
  readUint31,
  readUint32,
  writeFrameHeader,
} from "../../lib/http2/frame.ts";
import {
  checkFrameHeader,
  type Frame,
  FrameReader,
  unpad,
} from "../../lib/http2/frame_reader.ts";
import { HeaderReader } from "../../lib/http2/header_reader.ts";
import {
  requestFault,
  responseFault,
  trailerFault,
} from "../../lib/http2/header_rules.ts";
import {
  Allowance,
  CONNECTION_WINDOW,
  HeaderBudget,
  INITIAL_WINDOW,
  LARGEST_WINDOW,
  LONG_HEADER_LIST,
  MAX_ANSWER_BACKLOG,
  MAX_CONCURRENT_STREAMS,
  MAX_HEADER_LIST_SIZE,
  MAX_OPEN_HEADER_LISTS,
  Patience,
  SMALL_INCREMENT,
  STREAM_WINDOW,
} from "../../lib/http2/limits.ts";
import { CLIENT, SERVER } from "../../lib/http2/role.ts";
import { readSettings } from "../../lib/http2/settings.ts";
import type { Stream } from "../../lib/http2/stream.ts";
import { StreamTable } from "../../lib/http2/stream_table.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { stopClock } from "./floods.ts";
import { bytes, frame } from "./raw_peer.ts";

/** What is thrown: the code's name and the stream. */
function fault(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    assert(error instanceof Http2Error, String(error));
    return `${errorName(error.code)} ${error.streamId}`;
  }
}

/** One frame as a reader gives it. */
function read(whole: Uint8Array): Frame {
  let found: Frame | undefined;
  new FrameReader((frame) => found = { ...frame, bytes: frame.bytes.slice() })
    .push(whole, 0);
  return found!;
}

Deno.test("numbers of frames are written and read big-endian, each byte in its place", () => {
  const buffer = bytes("ff 01020304 ff");
  assertEquals(readUint32(buffer, 1), 0x01020304);
  assertEquals(readUint32(bytes("fffefdfc"), 0), 0xfffefdfc);
  assertEquals(readUint31(bytes("fffefdfc"), 0), 0x7ffefdfc);
  const header = new Uint8Array(11).fill(0xee);
  writeFrameHeader(header, 1, 0x010203, 4, 5, 0x06070809);
  assertEquals(header, bytes("ee 010203 04 05 06070809 ee"));
  assertEquals(
    encodeSettings([[0x1234, 0x56789abc], [0x0501, 2]]),
    bytes("00000c 04 00 00000000 1234 56789abc 0501 00000002"),
  );
  assertEquals(
    encodeGoaway(0x01020304, 0x05060708, ""),
    bytes("000008 07 00 00000000 01020304 05060708"),
  );
});

Deno.test("FrameReader says which bytes are its own, and reads from where it is told", () => {
  const seen: [number, boolean, boolean][] = [];
  const whole = bytes(frame("DATA", 0, 1, "61"), frame("DATA", 0, 3, "62"));
  let chunk = whole;
  const reader = new FrameReader((frame) =>
    seen.push([frame.streamId, frame.borrowed, frame.bytes === chunk])
  );
  reader.push(whole, 0);
  assertEquals(seen.splice(0), [[1, false, true], [3, false, true]]);
  chunk = bytes("eeee", whole);
  reader.push(chunk, 2);
  assertEquals(seen.splice(0), [[1, false, true], [3, false, true]]);
  chunk = whole.subarray(0, 15);
  reader.push(chunk, 0);
  assertEquals(seen.splice(0), [[1, false, true]]);
  chunk = whole.subarray(15);
  reader.push(chunk, 0);
  assertEquals(seen.splice(0), [[3, true, false]]);
});

Deno.test("FrameReader cuts frames of every length near its buffer's, out of any two pieces", () => {
  for (const length of [0, 1, 7, 8, 9, 16_383, 16_384]) {
    const payload = new Uint8Array(length).map((_, at) => at % 251);
    const stream = bytes(
      frame("DATA", 0, 1, payload),
      frame("PING", 0, 0, "0001020304050607"),
    );
    const cuts = [0, 1, 8, 9, 10, length, length + 8, length + 9, length + 10]
      .concat(length + 17, length + 18, stream.length - 1, stream.length);
    for (const cut of cuts) {
      const seen: [number, number][] = [];
      const reader = new FrameReader(({ type, bytes, start, end }) => {
        seen.push([type, end - start]);
        const given = bytes.subarray(start, end);
        if (type === 0) {
          assert(given.every((byte, at) => byte === payload[at]));
        }
      });
      reader.push(stream.subarray(0, cut), 0);
      reader.push(stream.subarray(cut), 0);
      assertEquals(seen, [[0, length], [6, 8]], `${length} at ${cut}`);
    }
  }
});

Deno.test("FrameReader reads no length before the whole header is there", () => {
  const seen: number[] = [];
  const reader = new FrameReader(({ start, end }) => seen.push(end - start));
  // What an earlier frame left in the buffer is none of the next one's length.
  const first = frame("DATA", 0, 1, new Uint8Array(255));
  const second = frame("DATA", 0, 1, new Uint8Array(16_384));
  reader.push(first.subarray(0, 5), 0);
  reader.push(bytes(first.subarray(5), second.subarray(0, 2)), 0);
  reader.push(new Uint8Array(), 0);
  reader.push(second.subarray(2), 0);
  assertEquals(seen, [255, 16_384]);
  const ping = frame("PING", 0, 0, new Uint8Array(8));
  const long = bytes("ffffff 00 00 00000001");
  reader.push(bytes(ping, long.subarray(0, 8)), 0);
  assertEquals(seen.length, 3);
  assertEquals(
    fault(() => reader.push(long.subarray(8), 0)),
    "FRAME_SIZE_ERROR 0",
  );
});

Deno.test("checkFrameHeader() knows what belongs where, and how long it is", () => {
  for (
    const [type, onStream, lengths, wrong] of [
      ["DATA", true, [0, 1, 100], []],
      ["HEADERS", true, [0, 1, 100], []],
      ["PRIORITY", true, [5], [0, 4, 6]],
      ["RST_STREAM", true, [4], [0, 3, 5]],
      ["SETTINGS", false, [0, 6, 7], []],
      ["PUSH_PROMISE", undefined, [0, 4], []],
      ["PING", false, [8], [0, 7, 9]],
      ["GOAWAY", false, [8, 9, 100], [0, 7]],
      ["WINDOW_UPDATE", undefined, [4], [0, 3, 5]],
      ["CONTINUATION", true, [0, 1, 100], []],
      ["77", undefined, [0, 5], []],
    ] as const
  ) {
    for (const id of [0, 1]) {
      const fits = onStream === undefined || onStream === (id === 1);
      for (const length of [...lengths, ...wrong]) {
        const one = read(frame(type, 0, id, new Uint8Array(length)));
        const expected = !fits
          ? "PROTOCOL_ERROR 0"
          : (wrong as readonly number[]).includes(length)
          ? "FRAME_SIZE_ERROR 0"
          : undefined;
        assertEquals(
          [type, id, length, fault(() => checkFrameHeader(one))],
          [type, id, length, expected],
        );
      }
    }
  }
});

Deno.test("checkFrameHeader() says what is wrong with a frame", () => {
  for (
    const [one, words] of [
      [frame("DATA", 0, 0), "frame of type 0 without a stream"],
      [
        frame("PING", 0, 1, "0000000000000000"),
        "frame of type 6 with a stream",
      ],
      [frame("PING", 0, 0, "00"), "frame of type 6 with 1 bytes"],
    ] as const
  ) assertThrows(() => checkFrameHeader(read(one)), Http2Error, words);
});

Deno.test("unpad() takes the padding and its length off", () => {
  const unpadded = (flags: number, payload: string) => {
    const one = read(frame("DATA", flags, 1, payload));
    const [start, end] = unpad(one);
    return [...one.bytes.subarray(start, end)];
  };
  assertEquals(unpadded(0, "020304"), [2, 3, 4]);
  assertEquals(unpadded(8, "00"), []);
  assertEquals(unpadded(8, "000304"), [3, 4]);
  assertEquals(unpadded(8, "010304"), [3]);
  assertEquals(unpadded(8, "020304"), []);
  assertEquals(fault(() => unpadded(8, "030304")), "PROTOCOL_ERROR 0");
  assertEquals(fault(() => unpadded(8, "01")), "PROTOCOL_ERROR 0");
  assertEquals(fault(() => unpadded(8, "")), "FRAME_SIZE_ERROR 0");
});

Deno.test("readSettings() reads each setting, and knows the bounds of each", () => {
  const settings = (hex: string, maxEnablePush = 1) => {
    // What stands behind is of another frame.
    const payload = bytes("ff", hex, "0003 00000063");
    return readSettings(payload, 1, payload.length - 6, maxEnablePush);
  };
  assertEquals(settings(""), {});
  assertEquals(
    settings(
      "0001 00000010 0002 00000001 0003 00000007 0004 7fffffff 0005 00004000 0006 00000009 1234 ffffffff",
    ),
    {
      headerTableSize: 16,
      maxConcurrentStreams: 7,
      initialWindow: 0x7fffffff,
      maxHeaderListSize: 9,
    },
  );
  // The last of each counts, and of the tables the smallest is told.
  assertEquals(settings("0004 00000001 0004 00000002"), { initialWindow: 2 });
  assertEquals(
    settings("0001 00000020 0001 00000010 0001 00000030"),
    { headerTableSize: 16 },
  );
  for (
    const [hex, expected] of [
      ["0002 00000000", undefined],
      ["0002 00000002", "PROTOCOL_ERROR 0"],
      ["0004 80000000", "FLOW_CONTROL_ERROR 0"],
      ["0005 00003fff", "PROTOCOL_ERROR 0"],
      ["0005 00004000", undefined],
      ["0005 00ffffff", undefined],
      ["0005 01000000", "PROTOCOL_ERROR 0"],
      ["0104 80000000", undefined],
      ["0001", "FRAME_SIZE_ERROR 0"],
      ["0001 00000000 00", "FRAME_SIZE_ERROR 0"],
    ] as const
  ) assertEquals([hex, fault(() => settings(hex))], [hex, expected]);
  assertEquals(fault(() => settings("0002 00000001", 0)), "PROTOCOL_ERROR 0");
  assertEquals(fault(() => settings("0002 00000000", 0)), undefined);
});

Deno.test("an allowance is what it says, and refills with time up to its burst", () => {
  using clock = stopClock();
  const allowance = new Allowance({ burst: 10, perSecond: 4 });
  assert(allowance.take(4) && allowance.take(6));
  assert(!allowance.take(1));
  clock.advance(249);
  assert(!allowance.take(1));
  clock.advance(1.1);
  assert(allowance.take(1));
  assert(!allowance.take(0.1));
  clock.advance(1001);
  assert(!allowance.take(5));
  assert(allowance.take(4));
  clock.advance(100_000);
  assert(!allowance.take(11));
  assert(allowance.take(10));
  assert(!allowance.take(1));
  assert(allowance.take(0));
});

Deno.test("what one end grants the other unless told otherwise", () => {
  assertEquals(
    [MAX_CONCURRENT_STREAMS, STREAM_WINDOW, CONNECTION_WINDOW, INITIAL_WINDOW]
      .concat(LARGEST_WINDOW, MAX_ANSWER_BACKLOG, SMALL_INCREMENT),
    [1000, 1_048_576, 16_777_216, 65_535, 2_147_483_647, 1_048_576, 1024],
  );
});

Deno.test("frames that change nothing, and resets, have their allowances", () => {
  using clock = stopClock();
  const patience = new Patience({ burst: 3, perSecond: 1 });
  patience.spend(9_999);
  patience.spend(1);
  assertEquals(fault(() => patience.spend(1)), "ENHANCE_YOUR_CALM 0");
  clock.advance(1001);
  patience.spend(10_000);
  assertEquals(fault(() => patience.spend(1)), "ENHANCE_YOUR_CALM 0");
  const resets = new Patience({ burst: 3, perSecond: 1 });
  for (let count = 0; count < 3; count++) resets.countReset();
  assertEquals(fault(() => resets.countReset()), "ENHANCE_YOUR_CALM 0");
  clock.advance(1001);
  resets.countReset();
  assertEquals(fault(() => resets.countReset()), "ENHANCE_YOUR_CALM 0");
  assertEquals(SERVER.resets, { burst: 2000, perSecond: 200 });
});

Deno.test("long header lists have a budget, as they come and while they are held", () => {
  using clock = stopClock();
  assertEquals(
    [LONG_HEADER_LIST, MAX_HEADER_LIST_SIZE, MAX_OPEN_HEADER_LISTS],
    [65_536, 16_777_216, 67_108_864],
  );
  const budget = new HeaderBudget();
  // Short ones count for nothing.
  for (let count = 0; count < 2000; count++) budget.receive(65_536);
  for (let count = 0; count < 3; count++) budget.receive(16_777_216);
  budget.receive(2 ** 40); // no more than is kept is counted
  assertEquals(fault(() => budget.receive(65_537)), "ENHANCE_YOUR_CALM 0");
  clock.advance(1001);
  budget.receive(16_777_216);
  assertEquals(fault(() => budget.receive(65_537)), "ENHANCE_YOUR_CALM 0");
  for (let id = 1; id < 4000; id += 2) budget.hold(id, 65_536);
  for (const id of [5001, 5003, 5005]) budget.hold(id, 16_777_216);
  budget.hold(5007, 16_777_216 - 65_537);
  budget.hold(5009, 65_537);
  assertEquals(fault(() => budget.hold(5011, 65_537)), "REFUSED_STREAM 5011");
  budget.release(5011);
  budget.release(1);
  assertEquals(fault(() => budget.hold(5013, 65_537)), "REFUSED_STREAM 5013");
  budget.release(5009);
  budget.release(5009);
  budget.hold(5015, 65_537);
  assertEquals(fault(() => budget.hold(5017, 65_537)), "REFUSED_STREAM 5017");
});

Deno.test("StreamTable knows streams that are idle, open, closed and forgotten", () => {
  const table = new StreamTable(9);
  const stream = (id: number) => ({ id }) as Stream;
  assertEquals([table.size, table.lastOfPeer], [0, 0]);
  assertEquals(fault(() => table.checkNotIdle(1)), "PROTOCOL_ERROR 0");
  assert(table.begin(3));
  const three = stream(3);
  table.add(three);
  assert(table.get(3) === three);
  assertEquals([table.size, table.lastOfPeer, table.open()], [1, 3, [three]]);
  table.checkNotIdle(3);
  table.checkNotIdle(1);
  assertEquals(fault(() => table.checkNotIdle(2)), "PROTOCOL_ERROR 0");
  assertEquals(fault(() => table.checkNotIdle(5)), "PROTOCOL_ERROR 0");
  assertEquals(fault(() => table.begin(1)), "PROTOCOL_ERROR 0");
  table.close(3, true);
  assertEquals([table.size, table.get(3)], [0, undefined]);
  assert(table.expects(3) && !table.begin(3));
  assert(table.begin(5));
  table.add(stream(5));
  table.close(5, false);
  assertEquals([table.expects(5), table.expects(7)], [false, false]);
  assertEquals(fault(() => table.begin(5)), "STREAM_CLOSED 0");
  assert(table.begin(9));
  assertEquals(fault(() => table.begin(11)), "PROTOCOL_ERROR 0");
  assertEquals(table.lastOfPeer, 9);
  // Our own: none of the peer's, and older ones stay below.
  const own = new StreamTable(0);
  own.add(stream(7));
  own.add(stream(5));
  own.checkNotIdle(7);
  assertEquals(own.lastOfPeer, 0);
  assertEquals(fault(() => own.begin(9)), "PROTOCOL_ERROR 0");
  // 2,048 are remembered.
  const many = new StreamTable(0x7fffffff);
  for (let id = 1; id <= 2 * 2048 + 1; id += 2) {
    many.begin(id);
    many.close(id, true);
  }
  assert(!many.expects(1));
  assert(many.expects(3));
  assertEquals(fault(() => many.begin(1)), "PROTOCOL_ERROR 0");
});

Deno.test("ReceiveFlow takes what was granted, and gives back in halves", () => {
  const flow = new ReceiveFlow(10);
  assert(flow.take(10));
  assert(!flow.take(1));
  assertEquals(flow.giveBack(4), 0);
  assert(!flow.take(1));
  assertEquals(flow.giveBack(1), 5);
  assert(!flow.take(6));
  assert(flow.take(5));
  assertEquals(flow.giveBack(7), 7);
  assertEquals(flow.giveBack(0), 0);
  const small = new ReceiveFlow(10, 3);
  assert(!small.take(4));
  assert(small.take(3));
  assertEquals(small.giveBack(4), 0);
});

Deno.test("Body gives what was pushed, in pieces that keep little alive", async () => {
  const consumed: number[] = [];
  const body = new Body((count) => consumed.push(count));
  const chunk = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  // A quarter of its memory stays a view, less is copied, and what is borrowed, too.
  body.push(chunk, 0, 2, false);
  body.push(chunk, 2, 3, false);
  body.push(chunk, 3, 8, true);
  assertEquals([body.buffered, consumed], [8, []]);
  const first = await body.read();
  assertEquals(first, Uint8Array.of(1, 2));
  assert(first!.buffer === chunk.buffer);
  const second = await body.read();
  assertEquals(second, Uint8Array.of(3, 4, 5, 6, 7, 8));
  assert(second!.buffer !== chunk.buffer);
  assertEquals([body.buffered, consumed], [0, [2, 6]]);
  // To a reader that waits, in the same way.
  for (
    const [end, borrowed, isView] of [
      [2, false, true],
      [1, false, false],
      [8, true, false],
    ] as const
  ) {
    const reading = body.read();
    body.push(chunk, 0, end, borrowed);
    const got = await reading;
    assertEquals(got, chunk.slice(0, end));
    assertEquals(got!.buffer === chunk.buffer, isView);
    assertEquals([body.buffered, consumed.at(-1)], [0, end]);
  }
  // Small ones are gathered in pieces of 4 KiB, and not over a larger one.
  const small = (length: number) =>
    body.push(new Uint8Array(length).fill(length % 7), 0, length, true);
  for (const length of [4000, 96, 1, 5000, 10, 10]) small(length);
  body.push(chunk, 0, 8, false);
  small(3);
  const lengths: number[] = [];
  while (body.buffered > 0) lengths.push((await body.read())!.length);
  assertEquals(lengths, [4096, 1, 5000, 20, 8, 3]);
  small(5);
  assertEquals((await body.read())!.length, 5);
  small(6); // the piece before was given out
  assertEquals((await body.read())!.length, 6);
  body.end();
  assertEquals([await body.read(), await body.read()], [null, null]);
});

Deno.test("Body ends, fails and is dropped, with its bytes counted as read", async () => {
  const failure = new Error("reset");
  for (const waits of [true, false]) {
    const consumed: number[] = [];
    const ended = new Body((count) => consumed.push(count));
    const reading = waits ? ended.read() : undefined;
    if (waits) {
      const second = await ended.read().catch((error) => error);
      assert(second instanceof TypeError, "one read at a time");
    }
    ended.end();
    assertEquals(await (reading ?? ended.read()), null);
    const failed = new Body((count) => consumed.push(count));
    const failing = waits ? failed.read() : undefined;
    if (!waits) failed.push(Uint8Array.of(1, 2, 3), 0, 3, true);
    failed.fail(failure);
    assertEquals(
      await (failing ?? failed.read()).catch((error) => error),
      failure,
    );
    assertEquals(await failed.read().catch((error) => error), failure);
    assertEquals(consumed, waits ? [] : [3]);
    assertEquals(failed.buffered, 0);
    const dropped = new Body((count) => consumed.push(count));
    dropped.push(Uint8Array.of(1, 2), 0, 2, true);
    dropped.drop();
    dropped.drop();
    assertEquals(consumed.at(-1), 2);
    dropped.push(Uint8Array.of(3), 0, 1, true);
    assertEquals(await dropped.read(), Uint8Array.of(3));
    dropped.push(Uint8Array.of(4), 0, 1, true);
    consumed.length = 0;
    dropped.drop();
    assertEquals(consumed, [1]);
  }
  // A read that nobody waits for may fail: the test would end with its error.
  const alone = new Body(() => {});
  void alone.read();
  alone.fail(failure);
  await new Promise((resolve) => setTimeout(resolve));
});

Deno.test("Body keeps no view of a chunk that is more than four times as long", async () => {
  const body = new Body(() => {});
  const chunk = new Uint8Array(100);
  for (
    const [count, isView] of [[25, true], [24, false], [21, false]] as const
  ) {
    body.push(chunk, 0, count, false);
    assertEquals([count, (await body.read())!.buffer === chunk.buffer], [
      count,
      isView,
    ]);
  }
});

Deno.test("HeaderReader puts blocks together, and ends one that is too long", () => {
  const limits = {
    maxListSize: 1000,
    maxBlockBytes: 3000,
    maxShortFragments: 2,
  };
  const reader = () => new HeaderReader(limits);
  const block = bytes("82 84 86");
  const headers = (flags: number, id: number, payload: string | Uint8Array) =>
    read(frame("HEADERS", flags, id, payload));
  const more = (flags: number, id: number, payload: string | Uint8Array) =>
    read(frame("CONTINUATION", flags, id, payload));
  const whole = reader().headers(headers(5, 3, block))!;
  assertEquals([whole.streamId, whole.endStream, whole.tooLarge], [
    3,
    true,
    false,
  ]);
  assertEquals(whole.fields.map(([name]) => name), [
    ":method",
    ":path",
    ":scheme",
  ]);
  assertEquals(reader().headers(headers(4, 3, block))!.endStream, false);
  // With padding and with a priority, which are read over.
  for (
    const [flags, payload] of [
      [4 | 8, "02 828486 0000"],
      [4 | 32, "0000000005 828486"],
      [4 | 8 | 32, "01 0000000005 828486 00"],
    ] as const
  ) {
    assertEquals(
      reader().headers(headers(flags, 1, payload))!.fields.length,
      3,
    );
  }
  for (
    const [flags, id, payload, expected] of [
      [4, 2, "82", "PROTOCOL_ERROR 0"],
      [4 | 32, 1, "00000000", "FRAME_SIZE_ERROR 0"],
      [4 | 32, 1, "0000000000", undefined],
    ] as const
  ) {
    assertEquals(
      fault(() => reader().headers(headers(flags, id, payload))),
      expected,
    );
  }
  const split = reader();
  assert(!split.midBlock);
  assertEquals(split.headers(headers(1, 5, "82")), null);
  assert(split.midBlock);
  assertEquals(
    fault(() => split.continuation(more(4, 7, "84"))),
    "PROTOCOL_ERROR 0",
  );
  const joined = split.continuation(more(4, 5, "8486"))!;
  // The buffer of a fragment is used again before the next one comes.
  const reused = reader();
  const first = headers(0, 7, "82");
  reused.headers(first);
  first.bytes.fill(0);
  assertEquals(
    reused.continuation(more(4, 7, "8486"))!.fields,
    joined.fields,
  );
  assertEquals([joined.streamId, joined.endStream], [5, true]);
  assertEquals(joined.fields.length, 3);
  assert(!split.midBlock);
  assertEquals(
    fault(() => split.continuation(more(4, 5, ""))),
    "PROTOCOL_ERROR 0",
  );
  // So many bytes, and so many short pieces; each block anew.
  const long = (length: number) => new Uint8Array(length).fill(0x82);
  for (
    const [pieces, expected] of [
      [[1500, 1500], undefined],
      [[1500, 1501], "ENHANCE_YOUR_CALM 0"],
      [[3000], undefined],
      [[3001], "ENHANCE_YOUR_CALM 0"],
      [[1, 1], undefined],
      [[1023, 1023, 100], "ENHANCE_YOUR_CALM 0"],
      [[1024, 1, 1], undefined],
      [[1, 1, 1], "ENHANCE_YOUR_CALM 0"],
    ] as const
  ) {
    const one = reader();
    for (let round = 0; round < 2; round++) {
      const found = fault(() =>
        pieces.forEach((length, index) => {
          const flags = index === pieces.length - 1 ? 4 : 0;
          if (index === 0) one.headers(headers(flags, 1, long(length)));
          else one.continuation(more(flags, 1, long(length)));
        })
      );
      assertEquals([pieces, found], [pieces, expected]);
      if (expected !== undefined) break;
    }
  }
  assertEquals(reader().headers(headers(4, 1, long(30)))!.tooLarge, true);
});

Deno.test("header lists are held to the rules of a request, a response and trailers", () => {
  const list = (text: string) =>
    text.split("|").filter(Boolean).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)] as const;
    });
  const good = ":method=GET|:scheme=http|:path=/";
  for (
    const [fields, words] of [
      [good, undefined],
      [`${good}|:authority=a`, undefined],
      [`${good}|a=b|te=trailers|content-length=0`, undefined],
      [`${good}|a= b `, undefined],
      [`${good}|content-length=123456789012345`, undefined],
      ["", "no :method"],
      [":method=GET|:path=/", "no :scheme"],
      [":method=GET|:scheme=http", "no :path"],
      [":method=|:scheme=http|:path=/", "no :method"],
      [`a=b|${good}`, "pseudo header after a regular one"],
      [`${good}|:status=200`, "unknown pseudo header"],
      [`${good}|:path=/`, ":path twice"],
      [":method=G\nT", ":method has a forbidden byte"],
      [`${good}|A=b`, "name with a forbidden byte"],
      [`${good}|=b`, "name with a forbidden byte"],
      [`${good}|a b=c`, "name with a forbidden byte"],
      [`${good}|a:b=c`, "name with a forbidden byte"],
      [`${good}|\xe9=c`, "name with a forbidden byte"],
      [`${good}|a=b\rc`, "value with a forbidden byte"],
      [`${good}|a=b\0`, "value with a forbidden byte"],
      [`${good}|connection=x`, "connection header connection"],
      [`${good}|keep-alive=x`, "connection header keep-alive"],
      [`${good}|proxy-connection=x`, "connection header proxy-connection"],
      [`${good}|transfer-encoding=x`, "connection header transfer-encoding"],
      [`${good}|upgrade=x`, "connection header upgrade"],
      [`${good}|content-length=x`, "content-length without a length"],
      [
        `${good}|content-length=1234567890123456`,
        "content-length without a length",
      ],
      [`${good}|te=gzip`, "te other than trailers"],
    ] as const
  ) assertEquals([fields, requestFault(list(fields))], [fields, words]);
  for (
    const [fields, words] of [
      [":status=200", undefined],
      [":status=100|a=b", undefined],
      [":status=599", undefined],
      ["", "no :status in front"],
      ["a=b|:status=200", "no :status in front"],
      [":status=101", ":status is no status"],
      [":status=600", ":status is no status"],
      [":status=20", ":status is no status"],
      [":status=200|:status=200", "a second pseudo header"],
      [":status=200|upgrade=x", "connection header upgrade"],
    ] as const
  ) assertEquals([fields, responseFault(list(fields))], [fields, words]);
  for (
    const [fields, words] of [
      ["", undefined],
      ["a=b|grpc-status=0", undefined],
      [":status=200", "pseudo header in trailers"],
      ["a=b|c=d\n", "value with a forbidden byte"],
    ] as const
  ) assertEquals([fields, trailerFault(list(fields))], [fields, words]);
});

Deno.test("grantsOf() takes numbers that both ends can hold", () => {
  const largest = 0x7fffffff;
  for (
    const [options, streams, isTaken] of [
      [{}, 1, true],
      [{}, 0, false],
      [{}, 1.5, false],
      [{}, largest, true],
      [{}, largest + 1, false],
      [{ streamWindow: 65_535, connectionWindow: largest }, 1, true],
      [{ streamWindow: largest, connectionWindow: 65_535 }, 1, true],
      [{ streamWindow: 65_534 }, 1, false],
      [{ connectionWindow: 65_534 }, 1, false],
      [{ connectionWindow: largest + 1 }, 1, false],
    ] as const
  ) {
    const grants = () => grantsOf(options, streams);
    if (isTaken) assertEquals(grants().maxConcurrentStreams, streams);
    else assertThrows(grants, RangeError, "expected");
  }
});

Deno.test("the two ends of a connection grant and take what their roles say", () => {
  const grants = {
    maxConcurrentStreams: 7,
    streamWindow: 8,
    connectionWindow: 9,
  };
  assertEquals(SERVER.settings(grants), [[3, 7], [4, 8], [6, 16_777_216]]);
  assertEquals(CLIENT.settings(grants), [[2, 0], [4, 8], [6, 16_777_216]]);
  assertEquals(SERVER.headers, {
    maxListSize: 16_777_216,
    maxBlockBytes: 16_777_216,
    maxShortFragments: 64,
  });
  assertEquals(CLIENT.headers, {
    maxListSize: 16_777_216,
    maxBlockBytes: 33_554_432,
    maxShortFragments: 10_000,
  });
  assertEquals(
    [SERVER, CLIENT].map((role) => [
      role.preface.length,
      role.peerPreface.length,
      role.maxPeerStreamId,
      role.maxEnablePush,
      role.resets.burst,
    ]),
    [[0, 24, Infinity, 1, 2000], [24, 0, 0, 0, Infinity]],
  );
});

Deno.test("an Http2Error tells what ended, who found it, and what it led from", () => {
  const plain = new Http2Error("words", { code: 8 });
  assertEquals(
    [plain.name, plain.code, plain.streamId, plain.remote, plain.notProcessed],
    ["Http2Error", 8, 0, false, false],
  );
  assert(!("cause" in plain));
  const full = new Http2Error("words", {
    code: 1,
    streamId: 3,
    remote: true,
    notProcessed: true,
    cause: plain,
  });
  assertEquals(
    [full.streamId, full.remote, full.notProcessed, full.cause],
    [3, true, true, plain],
  );
  const other = notHttp2(
    plain,
    bytes("48540a 7f e9", new Uint8Array(100).fill(0x61)),
  );
  assertEquals(
    other.message,
    `Peer does not speak HTTP/2, its bytes are "HT???${"a".repeat(55)}": words`,
  );
  assertEquals([other.code, other.cause], [8, plain]);
  for (const [name, code] of Object.entries(ErrorCode)) {
    assertEquals(errorName(code), name);
  }
  assertEquals(errorName(0x100), "0x100");
  assertThrows(() => {
    throw other;
  }, Http2Error);
});
