/** The reader and the writer of the wire format, call by call. */
import {
  ProtobufError,
  ProtobufReader,
  tagOf,
} from "../../lib/proto/wire_reader.ts";
import { ProtobufWriter } from "../../lib/proto/wire_writer.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const encoder = new TextEncoder();

function reader(...bytes: number[]): ProtobufReader {
  return new ProtobufReader(Uint8Array.from(bytes));
}

function written(write: (writer: ProtobufWriter) => void): number[] {
  const writer = new ProtobufWriter();
  write(writer);
  return [...writer.result()];
}

/** Numbers, and how they are written. */
const NUMBERS: readonly (readonly [value: number, bytes: readonly number[]])[] =
  [
    [0, [0]],
    [1, [1]],
    [127, [127]],
    [128, [128, 1]],
    [129, [129, 1]],
    [16_383, [255, 127]],
    [16_384, [128, 128, 1]],
    [2 ** 28 - 1, [255, 255, 255, 127]],
    [2 ** 28, [128, 128, 128, 128, 1]],
    [2 ** 31 - 1, [255, 255, 255, 255, 7]],
    [2 ** 31, [128, 128, 128, 128, 8]],
    [2 ** 32 - 1, [255, 255, 255, 255, 15]],
    [2 ** 32, [128, 128, 128, 128, 16]],
    [2 ** 35, [128, 128, 128, 128, 128, 1]],
    [2 ** 53 - 1, [255, 255, 255, 255, 255, 255, 255, 15]],
    [-1, [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
    [-128, [128, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
    [-129, [255, 254, 255, 255, 255, 255, 255, 255, 255, 1]],
    [-(2 ** 63), [128, 128, 128, 128, 128, 128, 128, 128, 128, 1]],
  ];

Deno.test("numbers of any size are read and written", () => {
  for (const [value, bytes] of NUMBERS) {
    const one = reader(...bytes, 9);
    assertEquals(one.int64(), value, `${value}`);
    assertEquals(one.at, bytes.length);
    assertEquals(
      written((writer) => writer.numberItem(2, value)),
      [16, ...bytes],
      `${value}`,
    );
    assertEquals(
      written((writer) => writer.number(2, value)),
      value === 0 ? [] : [16, ...bytes],
    );
  }
  assertEquals(reader(255, 255, 255, 255, 15).uint32(), 2 ** 32 - 1);
  assertEquals(reader(255, 255, 255, 255, 31).uint32(), 2 ** 32 - 1);
  // More than ten bytes are no number; ten are one.
  const nine = Array(9).fill(0x80);
  assertEquals(reader(...nine, 0).int64(), 0);
  assertThrows(
    () => reader(...nine, 0x80, 0).int64(),
    ProtobufError,
    "a number is too long",
  );
});

Deno.test("a number that is cut off is told, also within an embedded message", () => {
  for (const bytes of [[], [0x80], [0x80, 0x80]]) {
    assertThrows(
      () => reader(...bytes).int64(),
      ProtobufError,
      "the message is cut off",
    );
    // What comes behind the embedded message is not its own.
    const one = reader(bytes.length, ...bytes, 1, 1);
    one.enter();
    assertThrows(() => one.int64(), ProtobufError, "the message is cut off");
  }
});

Deno.test("an embedded message is entered and left, wherever its reading ends", () => {
  const one = reader(3, 1, 2, 3, 9);
  const outer = one.enter();
  assertEquals([one.at, one.end, outer], [1, 4, 5]);
  assertEquals(one.int64(), 1);
  one.leave(outer);
  assertEquals([one.at, one.end], [4, 5]);
  assertEquals(one.int64(), 9);
  assertThrows(() => reader(3, 1, 2).enter(), ProtobufError, "cut off");
  assertEquals(reader(0).enter(), 1);
});

Deno.test("bytes and texts have their length, and no more", () => {
  const one = reader(2, 7, 8, 0, 1, 0x61, 5, 1);
  assertEquals(one.bytes(), Uint8Array.of(7, 8));
  assertEquals(one.bytes(), new Uint8Array());
  assertEquals(one.text(), "a");
  assertThrows(() => one.bytes(), ProtobufError, "cut off");
  assertThrows(() => reader(2, 0x61).text(), ProtobufError, "cut off");
  // A length of 2^64 - 1 is read as one below zero.
  const minusOne = [...Array(9).fill(0xff), 1];
  assertThrows(() => reader(...minusOne, 1).bytes(), ProtobufError, "cut off");
});

Deno.test("text of any length and any characters is read", () => {
  for (let length = 0; length < 40; length++) {
    for (const char of ["", "a", "\x7f", "\x80", "é", "𝄞"]) {
      for (
        const text of ["x".repeat(length) + char, char + "x".repeat(length)]
      ) {
        const bytes = encoder.encode(text);
        assertEquals(reader(bytes.length, ...bytes, 0x62).text(), text);
      }
    }
  }
  assertEquals(reader(2, 0xc3, 0x61).text(), "\ufffda");
  assertEquals(reader(1, 0x80).text(), "\ufffd");
});

Deno.test("a digest that repeats is read as the one before, and others as they are", () => {
  const digests = [
    "sha256:a",
    "sha256:a",
    "sha256:b",
    "",
    "",
    "sha256:a",
    "xha256:a",
    "sha256:ab",
  ];
  const one = reader(
    ...digests.flatMap((digest) => {
      const bytes = encoder.encode(digest);
      return [bytes.length, ...bytes];
    }),
    0,
  );
  assertEquals(digests.map(() => one.digest()), digests);
  assertThrows(() => reader(2, 0x61).digest(), ProtobufError, "cut off");
  // Of one length, and different in every byte, or in all but the first; the
  // length stands among the bytes, too.
  for (
    const [first, second] of [["ab", "cd"], ["a\x02", "ab"], ["ab", "a\x02"]]
  ) {
    const both = [first!, second!].flatMap((
      text,
    ) => [2, ...encoder.encode(text)]);
    const two = reader(...both);
    assertEquals([two.digest(), two.digest()], [first, second]);
  }
  // Behind a digest of the same length that begins at the message's first byte.
  assertEquals(reader(1, 1).digest(), "\x01");
  assertEquals(reader(0).digest(), "");
});

Deno.test("values of each wire type are skipped whole", () => {
  const cases: readonly (readonly [kind: number, bytes: number[]])[] = [
    [0, [0x81, 0x01]],
    [1, [1, 2, 3, 4, 5, 6, 7, 8]],
    [2, [3, 1, 2, 3]],
    [5, [1, 2, 3, 4]],
  ];
  for (const [kind, bytes] of cases) {
    const one = reader(...bytes, 9);
    one.skip(tagOf(1, kind));
    assertEquals(one.at, bytes.length);
    assertThrows(
      () => reader(...bytes.slice(0, -1)).skip(tagOf(1, kind)),
      ProtobufError,
      "the message is cut off",
    );
    // Also where the bytes are there, but not in this message.
    const inner = reader(bytes.length - 1, ...bytes, 1, 1, 1);
    inner.enter();
    assertThrows(() => inner.skip(tagOf(1, kind)), ProtobufError, "cut off");
    // What is kept is the whole field, behind what was kept before.
    const tagged = reader(tagOf(1, kind), ...bytes, 9);
    const field = tagged.keep(undefined, tagged.uint32(), 0);
    assertEquals([...field], [tagOf(1, kind), ...bytes]);
    const again = reader(tagOf(1, kind), ...bytes, 9);
    assertEquals(
      [...again.keep(Uint8Array.of(5), again.uint32(), 0)],
      [5, tagOf(1, kind), ...bytes],
    );
  }
  for (const kind of [3, 4, 6, 7]) {
    assertThrows(
      () => reader(...Array(9).fill(0)).skip(tagOf(1, kind)),
      ProtobufError,
      `wire type ${kind} is not known`,
    );
  }
  for (const tag of [0, 2, 7]) {
    assertThrows(
      () => reader(0, 0, 0, 0, 0, 0, 0, 0).skip(tag),
      ProtobufError,
      "a field has no number",
    );
  }
});

Deno.test("texts, bytes and messages are written with their lengths, whatever these are", () => {
  assertEquals(written((writer) => writer.text(1, "")), []);
  assertEquals(written((writer) => writer.text(1, "é")), [10, 2, 0xc3, 0xa9]);
  assertEquals(written((writer) => writer.item(1, new Uint8Array())), [10, 0]);
  assertEquals(
    written((writer) => writer.raw(Uint8Array.of(1, 2))),
    [1, 2],
  );
  assertEquals(written((writer) => writer.message(3, () => {})), [26, 0]);
  for (
    const length of [
      ...Array.from({ length: 140 }, (_, index) => index),
      ...[255, 256, 257, 16_383, 16_384, 16_385, 2 ** 21 - 1, 2 ** 21],
    ]
  ) {
    const data = new Uint8Array(length).map((_, index) => index);
    // A field before and behind, so that nothing of them is overwritten.
    const writer = new ProtobufWriter();
    writer.numberItem(1, 5);
    writer.message(2, () => writer.raw(data));
    writer.item(3, data);
    writer.numberItem(1, 6);
    const one = new ProtobufReader(writer.result());
    assertEquals([one.uint32(), one.int64()], [8, 5]);
    assertEquals(one.uint32(), 18);
    assertEquals(one.bytes(), data, `${length}`);
    assertEquals(one.uint32(), 26);
    assertEquals(one.bytes(), data, `${length}`);
    assertEquals([one.uint32(), one.int64(), one.at], [8, 6, one.end]);
  }
});

Deno.test("a message within a message is written whole", () => {
  assertEquals(
    written((writer) =>
      writer.message(1, () => {
        writer.text(1, "a");
        writer.message(2, () => writer.number(1, 300));
        writer.text(3, "b");
      })
    ),
    [10, 11, 10, 1, 0x61, 18, 3, 8, 0xac, 2, 26, 1, 0x62],
  );
});

Deno.test("many small fields are written in order, and what grows keeps them", () => {
  const writer = new ProtobufWriter();
  for (let value = 1; value <= 2_000; value++) writer.number(1, value);
  const one = new ProtobufReader(writer.result());
  for (let value = 1; value <= 2_000; value++) {
    assertEquals([one.uint32(), one.int64()], [8, value]);
  }
  assertEquals(one.at, one.end);
});
