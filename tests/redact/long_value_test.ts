import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
} from "../support/assert.ts";
import { Automaton } from "../../lib/redact/automaton.ts";
import { listPatterns } from "../../lib/redact/forms.ts";
import { createRedactor } from "../../lib/redact/redactor.ts";
import { MaskingScanner } from "../../lib/redact/scanner.ts";
import { makeRandom } from "./oracle.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function makeBinary(seed: number, length: number): Uint8Array {
  const random = makeRandom(seed);
  const bytes = new Uint8Array(length);
  // A file has runs as well: every tenth KiB is zeros.
  for (let i = 0; i < length; i++) {
    bytes[i] = (i >> 10) % 10 === 9 ? 0 : random();
  }
  return bytes;
}

function concat(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

Deno.test("a binary value of 3 MiB among 50 is masked, in bounded memory", () => {
  const big = makeBinary(11, 3 * 1024 * 1024);
  const values = [
    big,
    ...Array.from({ length: 49 }, (_, i) => encode(`token-number-${i}-of-49`)),
  ];
  function* patterns() {
    for (const [index, value] of values.entries()) {
      yield* listPatterns(value, index);
    }
  }
  const automaton = new Automaton(patterns());
  assertLess(automaton.states, 1_000_000); // 13 bytes each
  assertLess(automaton.reach, 16 * 1024);

  const scan = (text: Uint8Array, size: number): Uint8Array => {
    const scanner = new MaskingScanner(automaton.matcher());
    const out: Uint8Array[] = [];
    for (let at = 0; at < text.length; at += size) {
      out.push(scanner.push(text.subarray(at, at + size)));
      assertLessOrEqual(scanner.pending, automaton.reach);
    }
    return concat(...out, scanner.flush());
  };
  for (const form of [big, encode(big.toBase64()), encode(big.toHex())]) {
    const text = concat(encode("a "), form, encode(" token-number-7-of-49 b"));
    assertEquals(decode(scan(text, text.length)), "a *** *** b");
    assertEquals(decode(scan(text, 10_007)), "a *** *** b");
  }

  const diverging = big.slice(0, 3000); // less than a block
  assertEquals(scan(diverging, 100), diverging);
  const zeros = new Uint8Array(100_000); // in the value, but as in any file
  assertEquals(scan(zeros, 1000), zeros);
});

Deno.test("a key that diverges inside its first block passes, byte by byte the same", () => {
  const key = makeBinary(12, 1000);
  const redactor = createRedactor([key]);
  for (const length of [1, 31, 32, 33, 63]) {
    const text = concat(encode("<"), key.subarray(0, length), encode(">"));
    assertEquals(redactor.bytes(text), text);
    const scanner = redactor.scanner();
    const parts = Array.from(text, (byte) => scanner.push(Uint8Array.of(byte)));
    assertEquals(concat(...parts, scanner.flush()), text);
  }
});

Deno.test("a long value printed in part is masked as far as its blocks go", () => {
  const key = makeBinary(13, 900);
  const redactor = createRedactor([key]);
  const head = redactor.bytes(
    concat(key.subarray(0, 700), encode("[clipped]")),
  );
  assertEquals(
    head,
    concat(encode("***"), key.subarray(640, 700), encode("[clipped]")),
  );
  const tail = redactor.bytes(key.subarray(300));
  assertEquals(tail, concat(key.subarray(300, 320), encode("***")));
});

Deno.test("a long value of one byte, again and again, is masked as a whole", () => {
  for (const length of [64, 65, 1000, 100_000]) {
    const redactor = createRedactor([new Uint8Array(length).fill(0x61)]);
    assertEquals(redactor.text(`<${"a".repeat(length)}>`), "<***>");
    assertEquals(redactor.text(`<${"a".repeat(length + 777)}>`), "<***>");
    assertEquals(redactor.text(`<${"a".repeat(63)}>`), `<${"a".repeat(63)}>`);
  }
});

Deno.test("a scan for a long value is linear on text made of its heads", () => {
  const key = makeBinary(14, 200_000);
  const automaton = new Automaton(listPatterns(key));
  const matcher = automaton.matcher();
  const parts: Uint8Array[] = [];
  for (let at = 0; at + 512 <= key.length; at += 512) {
    parts.push(key.subarray(at, at + 40));
  }
  const text = concat(...parts, ...parts, ...parts);
  matcher.spans(text, () => assert(false));
  assertLessOrEqual(matcher.steps, 4 * text.length);
});
