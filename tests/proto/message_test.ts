/** Reading and writing by a table, field by field. */
import {
  FLAG,
  INT32,
  INT64,
  many,
  map,
  maybe,
  type Message,
  message,
  one,
  RAW,
  TEXT,
} from "../../lib/proto/message.ts";
import { ProtobufError } from "../../lib/proto/wire_reader.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

interface Inner {
  readonly text: string;
  readonly number: number;
}

interface Outer {
  readonly text: string;
  readonly raw: Uint8Array;
  readonly flag: boolean;
  readonly small: number;
  readonly large: number;
  readonly inner: Inner | undefined;
  readonly given: number | undefined;
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
  readonly inners: ReadonlyMap<string, Inner>;
}

const inner: Message<Inner> = message({
  text: one(1, TEXT),
  number: one(2, INT32),
});

const outer: Message<Outer> = message({
  text: one(1, TEXT),
  raw: one(2, RAW),
  flag: one(3, FLAG),
  small: one(4, INT32),
  large: one(5, INT64),
  inner: maybe(6, inner),
  given: maybe(7, INT64),
  texts: many(8, TEXT),
  numbers: many(9, INT32),
  inners: map(200, inner),
});

const NOTHING: Outer = {
  text: "",
  raw: new Uint8Array(),
  flag: false,
  small: 0,
  large: 0,
  inner: undefined,
  given: undefined,
  texts: [],
  numbers: [],
  inners: new Map(),
};

function read(...values: number[]): Outer {
  return outer.decode(Uint8Array.from(values));
}

Deno.test("a message is read as it was written", () => {
  const full: Outer = {
    text: "täxt",
    raw: Uint8Array.of(0, 1, 255),
    flag: true,
    small: -7,
    large: Number.MAX_SAFE_INTEGER,
    inner: { text: "", number: 0 },
    given: 0,
    texts: ["", "a", ""],
    numbers: [0, 1, -1],
    inners: new Map([
      ["", { text: "", number: 0 }],
      ["__proto__", { text: "p", number: 1 }],
    ]),
  };
  assertEquals(outer.decode(outer.encode(full)), full);
  assertEquals(outer.decode(outer.encode(NOTHING)), NOTHING);
});

Deno.test("zero values are not sent, but where they say something", () => {
  assertEquals(outer.encode(NOTHING), new Uint8Array());
  assertEquals(outer.encode({}), new Uint8Array());
  assertEquals(outer.encode({ given: 0 }), Uint8Array.of(7 << 3, 0));
  assertEquals(
    outer.encode({ inner: { text: "", number: 0 } }),
    Uint8Array.of(6 << 3 | 2, 0),
  );
  assertEquals(outer.encode({ texts: [""] }), Uint8Array.of(8 << 3 | 2, 0));
  assertEquals(outer.encode({ numbers: [0] }), Uint8Array.of(9 << 3, 0));
  const flags = message<{ list: readonly boolean[] }>({ list: many(1, FLAG) });
  assertEquals(
    flags.encode({ list: [true, false] }),
    Uint8Array.of(8, 1, 8, 0),
  );
});

Deno.test("two messages share nothing", () => {
  const first = read(0x42, 1, 0x61);
  const second = read();
  assertEquals([first.texts, second.texts], [["a"], []]);
  assertEquals(read().inners === second.inners, false);
});

Deno.test("fields that are not known, or are of another type, are skipped", () => {
  const known = [0x0a, 1, 0x61];
  const skipped = [
    [0x78, 1], // field 15: a number
    [0x79, 1, 2, 3, 4, 5, 6, 7, 8], // 64 bits
    [0x7a, 2, 1, 1], // bytes
    [0x7d, 1, 2, 3, 4], // 32 bits
    [0x08, 1], // field 1 as a number
    [0x0d, 1, 2, 3, 4], // and as 32 bits
    [0x1a, 1, 1], // field 3 as bytes
    [0x48 | 2, 2, 1, 1], // numbers that are packed
    [0x32 & ~7, 1], // an embedded message as a number
  ];
  for (const field of skipped) {
    assertEquals(read(...field, ...known), { ...NOTHING, text: "a" });
    assertEquals(read(...known, ...field), { ...NOTHING, text: "a" });
  }
});

Deno.test("the last value counts, and embedded messages are merged", () => {
  assertEquals(read(0x0a, 1, 0x61, 0x0a, 0).text, "");
  assertEquals(
    read(0x32, 3, 0x0a, 1, 0x61, 0x32, 2, 0x10, 5).inner,
    { text: "a", number: 5 },
  );
  // Of a map, too: the same key twice.
  const entry = (
    number: number,
  ) => [0xc2, 0x0c, 7, 0x0a, 1, 0x6b, 0x12, 2, 0x10, number];
  assertEquals(
    read(...entry(1), ...entry(2)).inners,
    new Map([
      ["k", { text: "", number: 2 }],
    ]),
  );
  // An entry without a key and a value has their zero values.
  assertEquals(
    read(0xc2, 0x0c, 0).inners,
    new Map([
      ["", { text: "", number: 0 }],
    ]),
  );
});

Deno.test("numbers are read as their type says", () => {
  const minusOne = [...new Array(9).fill(0xff), 1];
  assertEquals(read(0x20, ...minusOne).small, -1);
  assertEquals(read(0x28, ...minusOne).large, -1);
  // 2^32 + 1 has 1 in its lowest 32 bits.
  const large = [0x81, 0x80, 0x80, 0x80, 0x10];
  assertEquals(read(0x20, ...large).small, 1);
  assertEquals(read(0x28, ...large).large, 2 ** 32 + 1);
  // Beyond 2^53 a number is rounded: the largest one is 2^63 - 1.
  assertEquals(read(0x28, ...new Array(8).fill(0xff), 0x7f).large, 2 ** 63);
  assertEquals(
    outer.decode(outer.encode({ large: 2 ** 62 })).large,
    2 ** 62,
  );
  assertEquals(read(0x18, 0).flag, false);
  assertEquals(read(0x18, 2).flag, true);
  assertEquals(read(0x18, ...large.slice(0, 4), 0x10).flag, true);
});

Deno.test("bytes are a view of the message; text that is no UTF-8 is replaced", () => {
  const bytes = Uint8Array.of(0x12, 2, 7, 8);
  assertEquals(outer.decode(bytes).raw.buffer === bytes.buffer, true);
  assertEquals(read(0x0a, 2, 0xff, 0x61).text, "\ufffda");
});

Deno.test("what is cut off, or leaves its message, is refused", () => {
  for (
    const wrong of [
      [0x0a],
      [0x0a, 2, 0x61],
      [0x20, 0x80],
      [0x20, ...new Array(10).fill(0xff), 1],
      [0x32, 5, 0x0a, 1, 0x61],
      [0x32, 2, 0x0a, 1, 0x61], // the text leaves the embedded message
      [0xc2, 0x0c, 2, 0x0a, 1, 0x61],
      [0x7b], // a group
      [0x02, 0], // no field number
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1],
      [0x79, 1],
      [0x7d, 1],
    ]
  ) {
    assertThrows(() => read(...wrong), ProtobufError, "", `${wrong}`);
  }
});
