import { ErrorCode, Http2Error } from "../../lib/http2/error.ts";
import { HpackDecoder } from "../../lib/http2/hpack_decode.ts";
import { encodeHeaders } from "../../lib/http2/hpack_encode.ts";
import {
  fieldSize,
  type HeaderField,
  HpackTable,
  STATIC_TABLE,
} from "../../lib/http2/hpack_table.ts";
import { decodeHuffman, maxDecodedBytes } from "../../lib/http2/huffman.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { Random } from "../support/random.ts";
import { bytes } from "./raw_peer.ts";

/** Bits of each byte's code, then of EOS, as base-36 digits (RFC 7541 appendix B). */
const LENGTHS =
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca" +
  "d67777777777777777777777878djde6f56565666577666567655677777fbeds" +
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn" +
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq" +
  "u";

/** Each symbol's code as a text of zeros and ones: it is canonical. */
const CODES: readonly string[] = (() => {
  const codes: string[] = [];
  let code = 0n;
  for (let length = 1; length <= 30; length++) {
    for (let symbol = 0; symbol <= 256; symbol++) {
      if (parseInt(LENGTHS[symbol]!, 36) !== length) continue;
      codes[symbol] = code.toString(2).padStart(length, "0");
      code++;
    }
    code *= 2n;
  }
  return codes;
})();

function pack(bits: string): Uint8Array {
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return Uint8Array.from(
    whole.match(/.{8}/g) ?? [],
    (eight) => parseInt(eight, 2),
  );
}

function decoded(code: Uint8Array): number[] {
  const around = bytes("ff", code, "ff");
  const out = new Uint8Array(maxDecodedBytes(code.length));
  const count = decodeHuffman(around, 1, around.length - 1, out);
  return [...out.subarray(0, count)];
}

Deno.test("decodeHuffman() reads each byte behind each other one, and long strings of all", () => {
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      const code = pack(CODES[first]! + CODES[second]!);
      assertEquals(decoded(code), [first, second]);
    }
  }
  const random = new Random(3);
  for (let round = 0; round < 500; round++) {
    const symbols = Array.from(
      { length: random.below(60) },
      () => random.below(3) === 0 ? random.below(256) : 97 + random.below(26),
    );
    const code = pack(symbols.map((symbol) => CODES[symbol]).join(""));
    assertEquals(decoded(code), symbols);
  }
  // EOS, wherever it stands, and padding that is longer than a byte.
  for (const before of ["", CODES[48]!, CODES[0]!, CODES[97]! + CODES[249]!]) {
    for (const wrong of [CODES[256]! + CODES[48]!, CODES[256]!]) {
      assertThrows(() => decoded(pack(before + wrong)), Http2Error);
    }
    const whole = pack(before);
    assertThrows(() => decoded(bytes(whole, "ff")), Http2Error);
  }
  for (let length = 0; length < 100; length++) {
    assertEquals(maxDecodedBytes(length), Math.floor(length * 8 / 5));
  }
});

Deno.test("HpackDecoder reads strings with Huffman's code of every length", () => {
  for (const length of [0, 1, 126, 127, 128, 1023, 1024, 1025, 5000, 20_000]) {
    // "0" takes five bits, and a byte of code may become more than one.
    const code = pack(CODES[48]!.repeat(length));
    const head = code.length < 127
      ? Uint8Array.of(0x80 | code.length)
      : (() => {
        const rest = code.length - 127;
        return rest < 128
          ? Uint8Array.of(0xff, rest)
          : Uint8Array.of(0xff, rest & 127 | 128, rest >> 7);
      })();
    const decoder = new HpackDecoder(1 << 20);
    const { fields } = decoder.decode(bytes("04", head, code));
    assertEquals(fields, [[":path", "0".repeat(length)]]);
  }
});

Deno.test("encodeHeaders() is undone by HpackDecoder, whatever the names and lengths", () => {
  const decoder = new HpackDecoder(1 << 24);
  const back = (fields: HeaderField[]) =>
    decoder.decode(encodeHeaders(fields)).fields;
  for (const [name] of STATIC_TABLE) {
    assertEquals(back([[name, "other"]]), [[name, "other"]]);
  }
  assertEquals(encodeHeaders([[":path", "/x"]]), bytes("04 02 2f78"));
  assertEquals(encodeHeaders([[":authority", "a"]]), bytes("01 01 61"));
  for (let length = 0; length < 700; length++) {
    const value = "v".repeat(length);
    assertEquals(back([["x", value]]), [["x", value]]);
    const name = "n".repeat(length + 1);
    assertEquals(back([[name, ""], ["z", "1"]]), [[name, ""], ["z", "1"]]);
  }
  for (const length of [16_510, 16_511, 16_512, 2_097_278, 2_097_279]) {
    assertEquals(back([["x", "v".repeat(length)]])[0]![1].length, length);
  }
  for (const name of ["a b", "A", "", ":", "a:b", "ä"]) {
    assertThrows(() => encodeHeaders([[name, ""]]), TypeError, "bad name");
  }
  for (const value of ["\0", "a\n", "\r", "\u0100"]) {
    assertThrows(() => encodeHeaders([["a", value]]), TypeError, "bad value");
  }
});

Deno.test("HpackDecoder makes its text of pieces that a call takes", () => {
  const { fromCharCode } = String;
  const counts: number[] = [];
  String.fromCharCode = (...codes) => {
    counts.push(codes.length);
    return fromCharCode(...codes);
  };
  try {
    const block = encodeHeaders([["x", "\xff".repeat(20_000)]]);
    new HpackDecoder(1 << 20).decode(block);
  } finally {
    String.fromCharCode = fromCharCode;
  }
  assertEquals(counts, [1, 8192, 8192, 20_000 - 2 * 8192]);
});

Deno.test("HpackDecoder makes the same text of bytes below 128, and of others, however many", () => {
  for (const length of [8192, 8193, 20_000]) {
    for (const at of [0, 5, length - 1]) {
      for (const char of ["v", "\x7f", "\x80", "\xff"]) {
        const value = "v".repeat(at) + char + "v".repeat(length - at - 1);
        const { fields } = new HpackDecoder(1 << 20)
          .decode(encodeHeaders([["x", value]]));
        assert(fields[0]![1] === value, `${length} ${at}`);
      }
    }
  }
});

Deno.test("HpackDecoder says what is wrong with a block", () => {
  for (
    const [hex, words] of [
      ["80", "index outside the tables"],
      ["80 01 61 01 62", "index outside the tables"],
      ["be", "index outside the tables"],
      ["04", "block ends inside a field"],
      ["04 7f", "block ends inside a field"],
      ["ff ff", "block ends inside a field"],
      ["ff", "block ends inside a field"],
      ["04 02 61", "block ends inside a string"],
      ["00 02 6162", "block ends inside a field"],
      ["ff 80 80 80 80 00", "integer too long"],
      ["3f e2 1f", "table size above the limit"],
      ["82 20", "table size update misplaced"],
      ["20 20 20", "table size update misplaced"],
    ] as const
  ) {
    const error = assertThrows(
      () => new HpackDecoder(100).decode(bytes(hex)),
      Http2Error,
    );
    assertEquals(
      [hex, error.message, error.code],
      [
        hex,
        `Header block can't be decoded: ${words}`,
        ErrorCode.COMPRESSION_ERROR,
      ],
    );
  }
  // As long as a number may be, and both updates of a table.
  assertEquals(new HpackDecoder(9).decode(bytes("3f 80 80 80 00")).fields, []);
  const decoder = new HpackDecoder(100);
  assertEquals(decoder.decode(bytes("20 3f e1 1f 82")).fields, [
    [":method", "GET"],
  ]);
  const other = new HpackDecoder(100, 64);
  assertThrows(() => other.decode(bytes("3f 22")), Http2Error);
  other.decode(bytes("3f 21"));
});

Deno.test("HpackDecoder keeps a list up to its limit, to the byte", () => {
  const field = bytes("00 01 61 02 6262"); // 35 bytes
  for (
    const [limit, count, kept] of [
      [35, 1, 1],
      [34, 1, 0],
      [70, 2, 2],
      [69, 2, 1],
      [0, 0, 0],
    ] as const
  ) {
    const block = bytes(...Array.from({ length: count }, () => field));
    const decoded = new HpackDecoder(limit).decode(block);
    assertEquals(decoded.fields.length, kept);
    assertEquals(decoded.size, count * 35);
    assertEquals(decoded.tooLarge, kept < count);
  }
});

Deno.test("HpackTable holds what fits, the newest first, as a plain list would", () => {
  const random = new Random(12);
  for (let round = 0; round < 50; round++) {
    let most = random.pick([0, 32, 64, 100, 300]);
    const table = new HpackTable(most);
    let list: HeaderField[] = [];
    const size = () => list.reduce((sum, field) => sum + fieldSize(field), 0);
    for (let step = 0; step < 60; step++) {
      if (random.below(8) === 0) {
        most = random.pick([0, 31, 32, 33, 64, 65, 100, 300]);
        table.resize(most);
      } else {
        const field: HeaderField = [
          "n".repeat(random.below(4)),
          "v".repeat(random.pick([0, 1, 30, 32])),
        ];
        table.add(field);
        list = [field, ...list];
      }
      // The oldest go until the rest fits; one that fits in no way empties all.
      while (size() > most) list = list.slice(0, -1);
      assertEquals(table.size, size());
      for (let at = 0; at <= list.length; at++) {
        assertEquals(table.at(62 + at), list[at]);
      }
    }
  }
  const table = new HpackTable(0);
  assertEquals(table.at(0), undefined);
  assertEquals(table.at(1), [":authority", ""]);
  assertEquals(table.at(61), ["www-authenticate", ""]);
  assertEquals(table.at(62), undefined);
  assertEquals(fieldSize(["ab", "cde"]), 37);
  assert(STATIC_TABLE.length === 61);
});
