import {
  encodeBase64At,
  encodeHexDigits,
  toUrlAlphabet,
} from "../../lib/redact/encodings.ts";
import { assertEquals } from "../support/assert.ts";
import { makeRandom } from "./oracle.ts";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const encode = (text: string) => new TextEncoder().encode(text);

/** The characters of base64 that are the same whatever stands round the value. */
function decidedSlowly(value: Uint8Array, offset: number): string {
  const texts = [0, 255].flatMap((before) =>
    [0, 255].map((behind) => {
      const all = new Uint8Array(offset + value.length + 3).fill(behind);
      all.fill(before, 0, offset);
      all.set(value, offset);
      return all.toBase64();
    })
  );
  const [first = ""] = texts;
  const length = Math.ceil((offset + value.length) * 8 / 6);
  return [...first.slice(0, length)].filter((letter, at) =>
    texts.every((text) => text[at] === letter)
  ).join("");
}

Deno.test("of base64 the characters are given that the value alone decides", () => {
  const random = makeRandom(5);
  for (let length = 0; length < 20; length++) {
    const value = Uint8Array.from({ length }, () => random() % 256);
    for (const offset of [0, 1, 2] as const) {
      assertEquals(
        decode(encodeBase64At(value, offset)),
        decidedSlowly(value, offset),
        `${length} behind ${offset}`,
      );
    }
  }
});

Deno.test("base64 of URLs is given where it is another, and what was given stays", () => {
  const all = "ABCyz019+/+A/";
  const given = encode(all);
  assertEquals(decode(toUrlAlphabet(given)!), "ABCyz019-_-A_");
  assertEquals(decode(given), all);
  for (const letter of ["+", "/"]) {
    assertEquals(toUrlAlphabet(encode(letter))!.length, 1);
  }
  for (const same of ["", "ABCyz019", "-_,.0*"]) {
    assertEquals(toUrlAlphabet(encode(same)), undefined);
  }
});

Deno.test("each byte is two digits of hex, in letters of either size", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  assertEquals(decode(encodeHexDigits(all, "lower")), all.toHex());
  assertEquals(
    decode(encodeHexDigits(all, "upper")),
    all.toHex().toUpperCase(),
  );
});
