import {
  hasTarChecksum,
  tarChecksum,
  tarField,
} from "../../lib/streams/tar_block.ts";
import {
  paxNumber,
  paxRecords,
  tarNumber,
} from "../../lib/streams/tar_numbers.ts";
import {
  MAX_EXTENDED_BYTES,
  type TarPiece,
  TarPieces,
} from "../../lib/streams/tar_pieces.ts";
import { TarEnd } from "../../lib/streams/tar_end.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { concat } from "../support/concat.ts";
import { tarHeader } from "../support/tar.ts";

const encoder = new TextEncoder();

Deno.test("tarField() reads to its first NUL, or to its end", () => {
  const header = encoder.encode("xxabc\0de\0é");
  for (
    const [at, length, text] of [
      [0, 2, "xx"],
      [2, 3, "abc"],
      [2, 4, "abc"],
      [2, 7, "abc"],
      [5, 3, ""],
      [6, 2, "de"],
      [9, 2, "é"],
      [9, 99, "é"],
    ] as const
  ) assertEquals(tarField(header, at, length), text);
});

Deno.test("a header's sum counts each byte but those of the sum itself", () => {
  for (const at of [0, 1, 147, 148, 151, 155, 156, 157, 511]) {
    const header = new Uint8Array(512);
    header[at] = 200;
    const isSum = at >= 148 && at < 156;
    assertEquals(tarChecksum(header), 8 * 0x20 + (isSum ? 0 : 200), `${at}`);
  }
  const header = tarHeader("a", 3);
  assert(hasTarChecksum(header));
  // Written with blanks before it, or behind.
  const sum = tarChecksum(header).toString(8);
  for (const text of [sum.padStart(8), sum.padEnd(8), `${sum}\0`.padEnd(8)]) {
    header.set(encoder.encode(text), 148);
    assert(hasTarChecksum(header), text);
  }
  header.set(encoder.encode((tarChecksum(header) + 1).toString(8)), 148);
  assert(!hasTarChecksum(header));
  header.set(encoder.encode("no sum  "), 148);
  assert(!hasTarChecksum(header));
});

Deno.test("tarNumber() reads octal digits, and GNU's base 256 where it fits", () => {
  for (
    const [text, value] of [
      ["00000000017\0", 15],
      ["0000000017 \0", 15],
      ["  17\0 \0 9", 15],
      ["17\0 8", 15],
      ["", 0],
      ["\0\0\0", 0],
      ["   ", 0],
      ["0", 0],
      ["777777777777", 8 ** 12 - 1],
      ["8", undefined],
      ["1 7", undefined],
      ["-1", undefined],
      ["x", undefined],
    ] as const
  ) assertEquals([text, tarNumber(encoder.encode(text))], [text, value]);
  const base256 = (...bytes: number[]) =>
    tarNumber(
      Uint8Array.from([...Array(12 - bytes.length).fill(0), ...bytes])
        .map((byte, at) => at === 0 ? byte | 0x80 : byte),
    );
  assertEquals(base256(0), 0);
  assertEquals(base256(5), 5);
  assertEquals(base256(1, 2, 3), 0x010203);
  assertEquals(base256(0x1f, 255, 255, 255, 255, 255, 255), 2 ** 53 - 1);
  assertEquals(base256(0x20, 0, 0, 0, 0, 0, 0), undefined);
  // The first byte's own bits count, too; the second of them is the sign.
  assertEquals(tarNumber(Uint8Array.of(0x81, 2)), 258);
  assertEquals(tarNumber(Uint8Array.of(0xbf)), 0x3f);
  assertEquals(tarNumber(Uint8Array.of(0xc0)), undefined);
  assertEquals(tarNumber(Uint8Array.of(0xff, 0xff)), undefined);
});

Deno.test("paxNumber() and paxRecords() read what POSIX writes, and nothing else", () => {
  for (
    const [text, value] of [
      ["0", 0],
      ["12", 12],
      ["+12", 12],
      ["-0", -0],
      ["9007199254740991", 2 ** 53 - 1],
      ["9007199254740992", undefined],
      ["-1", undefined],
      ["", undefined],
      ["1.5", undefined],
      [" 1", undefined],
      ["1x", undefined],
      ["0x10", undefined],
    ] as const
  ) assertEquals([text, paxNumber(text)], [text, value]);
  for (
    const [text, records] of [
      ["", {}],
      ["6 a=b\n", { a: "b" }],
      ["5 a=\n", { a: "" }],
      ["6 a=b\n7 cd=e\n", { a: "b", cd: "e" }],
      ["6 a=b\n6 a=c\n", { a: "c" }],
      ["8 a=b=c\n", { a: "b=c" }],
      ["8 a=b\nc\n", { a: "b\nc" }],
      ["7 é=x\n", { "é": "x" }],
      ["5 =b\n", undefined],
      ["5 ab\n", undefined],
      ["6 a=bx", undefined],
      ["7 a=b\n", undefined],
      ["5 a=b\n", undefined],
      ["2 ", undefined],
      ["3 \n", undefined],
      ["x a=b\n", undefined],
      ["6", undefined],
      ["-6 a=b\n", undefined],
      [" 6 a=b\n", undefined],
      ["6 a=b\n6 a", undefined],
    ] as const
  ) {
    const found = paxRecords(encoder.encode(text));
    assertEquals(
      [text, found && Object.fromEntries(found)],
      [text, records],
    );
  }
});

Deno.test("TarPieces gives each piece whole, however it comes, and says how much was wanted", () => {
  const bytes = new Uint8Array(8000).map((_, at) => at % 255 + 1);
  for (const size of [1, 5, 511, 512, 513, 1000, bytes.length]) {
    const seen: unknown[] = [];
    const steps: ((pieces: TarPieces) => void)[] = [
      (pieces) => pieces.keep("long name", 700),
      () => {},
      (pieces) => pieces.skip(513),
      (pieces) => pieces.keep("other", 0),
      (pieces) => pieces.keep("PAX records", 512),
      () => {},
      (pieces) => pieces.skip(0),
      (pieces) => pieces.ended = true,
    ];
    const pieces: TarPieces = new TarPieces((piece, kept) => {
      seen.push([piece, kept.length, kept[0], kept.at(-1)]);
      steps.shift()?.(pieces);
    });
    let taken = 0;
    for (let at = 0; at < bytes.length; at += size) {
      const chunk = bytes.subarray(at, at + size);
      const part = pieces.push(chunk);
      taken += part;
      assert(part === chunk.length || pieces.ended);
    }
    const value = (at: number) => at % 255 + 1;
    const piece = (name: TarPiece, at: number, length: number) => [
      name,
      length,
      length === 0 ? undefined : value(at),
      length === 0 ? undefined : value(at + length - 1),
    ];
    assertEquals(seen, [
      piece("header", 0, 512),
      piece("long name", 512, 700),
      piece("header", 1536, 512),
      piece("header", 1536 + 512 + 1024, 512),
      piece("other", 0, 0),
      piece("PAX records", 3584, 512),
      piece("header", 4096, 512),
      piece("header", 4608, 512),
    ], `${size}`);
    assertEquals(taken, 5120, `${size}`);
  }
});

Deno.test("TarEnd takes extended headers of a MiB, and none that is longer", () => {
  assertEquals(MAX_EXTENDED_BYTES, 1024 * 1024);
  for (
    const [type, more, ended] of [
      ["L", 0, false],
      ["L", 1, true],
      ["x", 1, true],
      ["g", 1, true],
      ["K", 0, false],
    ] as const
  ) {
    const header = tarHeader("x", MAX_EXTENDED_BYTES + more);
    header[156] = type.charCodeAt(0);
    header.fill(0x20, 148, 156);
    const sum = header.reduce((a, b) => a + b, 0);
    header.set(encoder.encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
    const tar = new TarEnd();
    tar.push(header);
    assertEquals(tar.ended, ended, `${type} ${more}`);
    if (ended) continue;
    tar.push(new Uint8Array(MAX_EXTENDED_BYTES).fill(0x61));
    assertEquals(
      tar.push(concat([tarHeader("a", 0), new Uint8Array(1024)])),
      1536,
    );
    assert(tar.ended);
  }
});
