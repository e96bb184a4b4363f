import { assertEquals, assertThrows } from "../support/assert.ts";
import { ErrorCode, errorName, Http2Error } from "../../lib/http2/error.ts";
import {
  encodeGoaway,
  encodePingAck,
  encodeRstStream,
  encodeSettings,
  encodeSettingsAck,
  encodeWindowUpdate,
} from "../../lib/http2/frame.ts";
import { FrameReader } from "../../lib/http2/frame_reader.ts";
import { bytes, frame } from "./raw_peer.ts";

Deno.test("encode…() write the frames of RFC 9113 section 6", () => {
  const cases: [Uint8Array, string][] = [
    [
      encodeSettings([[3, 1000], [4, 0x100000]]),
      "00000c 04 00 00000000 0003 000003e8 0004 00100000",
    ],
    [encodeSettingsAck(), "000000 04 01 00000000"],
    [
      encodePingAck(bytes("ff 0102030405060708 ff"), 1),
      "000008 06 01 00000000 0102030405060708",
    ],
    [
      encodeWindowUpdate(5, 0x7fffffff),
      "000004 08 00 00000005 7fffffff",
    ],
    [encodeRstStream(0x7fffffff, 8), "000004 03 00 7fffffff 00000008"],
    [
      encodeGoaway(7, ErrorCode.ENHANCE_YOUR_CALM, "hi"),
      "00000a 07 00 00000000 00000007 0000000b 6869",
    ],
  ];
  for (const [actual, expected] of cases) {
    assertEquals(actual, bytes(expected));
  }
});

Deno.test("errorName() knows the codes, and shows those it does not", () => {
  assertEquals(errorName(8), "CANCEL");
  assertEquals(errorName(0x2a), "0x2a");
});

/** What a reader makes of chunks, as text. */
function read(chunks: readonly Uint8Array[]): string[] {
  const seen: string[] = [];
  const reader = new FrameReader((frame) => {
    const { type, flags, streamId: id } = frame;
    const payload = frame.bytes.subarray(frame.start, frame.end);
    seen.push(
      `${type} ${flags} ${id} ${payload.length} ${payload.join(".")}`,
    );
  });
  for (const chunk of chunks) reader.push(chunk, 0);
  return seen;
}

Deno.test("FrameReader cuts the same frames out of any split", () => {
  const stream = bytes(
    frame("DATA", 1, 0x7fffffff, "616263"),
    frame("PING", 0, 0, "0001020304050607"),
    frame("SETTINGS", 1, 0),
    frame("DATA", 0, 3, new Uint8Array(300).fill(9)),
    frame("250", 255, 1, "00"),
  );
  const expected = read([stream]);
  assertEquals(expected.length, 5);
  assertEquals(expected[0], "0 1 2147483647 3 97.98.99");
  for (let cut = 0; cut <= stream.length; cut++) {
    assertEquals(
      read([stream.subarray(0, cut), stream.subarray(cut)]),
      expected,
    );
  }
  for (const size of [1, 2, 3, 8, 9, 10, 17]) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) {
      chunks.push(stream.slice(at, at + size));
    }
    assertEquals(read(chunks), expected);
  }
});

Deno.test("FrameReader ignores the reserved bit of a stream id", () => {
  assertEquals(read([bytes("000000 00 00 80000001")]), ["0 0 1 0 "]);
});

Deno.test("FrameReader takes 16384 bytes and refuses one more at its header", () => {
  const longest = frame("DATA", 0, 1, new Uint8Array(16384));
  assertEquals(read([longest]).length, 1);
  assertEquals(read([longest.slice(0, 20), longest.slice(20)]).length, 1);
  for (const split of [1, 2, 3, 9]) {
    const header = bytes("004001 00 00 00000001");
    const error = assertThrows(
      () => read([header.slice(0, split), header.slice(split)]),
      Http2Error,
    );
    assertEquals(error.code, ErrorCode.FRAME_SIZE_ERROR);
    assertEquals(error.streamId, 0);
  }
});

Deno.test("FrameReader says how long a frame is that it refuses", () => {
  for (const length of [0x004001, 0x010000, 0x0f4240, 0xffffff]) {
    const error = assertThrows(
      () =>
        new FrameReader(() => {}).push(
          bytes(length.toString(16).padStart(6, "0"), "00 00 00000001"),
          0,
        ),
      Http2Error,
    );
    assertEquals(
      error.message,
      `Frame of ${length} bytes is longer than 16384`,
    );
  }
});
