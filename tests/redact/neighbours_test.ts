import { assert, assertEquals } from "../support/assert.ts";
import { createFinder } from "../../lib/redact/finder.ts";
import { createRedactor } from "../../lib/redact/redactor.ts";
import { makeRandom } from "./oracle.ts";
import { makeValue, spell, SPELLINGS } from "./spellings.ts";

const encode = (text: string) => new TextEncoder().encode(text);

const pick = <T>(random: () => number, list: readonly T[]): T =>
  list[random() % list.length]!;

/** Bytes of any kind, in which no value of `makeValue()` is by chance. */
function noise(random: () => number, length: number): Uint8Array {
  const kinds = [
    () => random() & 0xff,
    () => 0x80 | random() & 0x7f,
    () => pick(random, [...encode("%&\\='\"+^`${}M\x00\x04\x1b\n.abcXYZ01")]),
    () => 0x2e,
  ];
  const kind = pick(random, kinds);
  return Uint8Array.from({ length }, kind);
}

function joined(...pieces: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** What a display takes out of a text. */
const HIDDEN = [
  "\x00",
  "\x04\x07",
  "\x1b[0m",
  "\x1b[38;5;1m\x1b[1m",
  "\x1b]0;títle \u4f60\x07",
  "\u009dñ\u009c",
  "\u200e",
  "\u061c",
];

Deno.test("a value among bytes of any kind is masked and found, in whatever way one escape is in it", () => {
  const random = makeRandom(51);
  const ways = Object.values(SPELLINGS);
  for (let round = 0; round < 120; round++) {
    const value = `q${makeValue(random, 3 + random() % 80)}z`;
    const chars = [...value];
    const at = random() % chars.length;
    const before = chars.slice(0, at).join("");
    const behind = chars.slice(at + 1).join("");
    const written = random() % 3 === 0 && at > 0
      ? before + pick(random, HIDDEN) + chars[at]! + behind
      : before + spell(random, chars[at]!, ways, 0) + behind;
    // Among others: what is known of all of them tells less of each.
    const others = Array.from(
      { length: random() % 8 },
      () => makeValue(random, 8 + random() % 30),
    );
    const values = [value, ...others].map(encode);
    const left = noise(random, random() % 700);
    const right = noise(random, random() % 700);
    const text = joined(left, encode(` ${written} `), right);
    const start = left.length + 1;
    const end = text.length - right.length - 1;
    for (const size of [text.length, 1 + random() % 100, 1]) {
      const matchers = [
        createRedactor(values).matcher(),
        createFinder(values).matcher(),
      ];
      for (const matcher of matchers) {
        const covered = new Uint8Array(text.length);
        const cover = (from: number, to: number) => covered.fill(1, from, to);
        for (let at = 0; at < text.length; at += size) {
          const chunk = text.slice(at, at + size);
          matcher.spans(chunk, cover);
          chunk.fill(0x2e); // it is borrowed
        }
        matcher.finish(cover);
        const told = JSON.stringify({ value, written, size, round });
        assert(!covered.subarray(start, end).includes(0), told);
      }
    }
  }
});

Deno.test("a string of a terminal may hold bytes that no value has", () => {
  const redactor = createRedactor([encode("hunter2x")]);
  const outside = new Uint8Array(600).fill(0xff);
  for (
    const hidden of ["\x1b]0;ü\x07", "\x1bPü\x1b\\", "\u009dü\u009c"]
  ) {
    for (let at = 1; at < 8; at++) {
      const value = `${"hunter2x".slice(0, at)}${hidden}${
        "hunter2x".slice(at)
      }`;
      for (let pad = 500; pad < 532; pad++) {
        const text = joined(
          outside.subarray(0, pad),
          encode(value),
          outside.subarray(0, 100),
        );
        const shown = redactor.bytes(text);
        assertEquals(
          shown.length,
          pad + 3 + 100,
          JSON.stringify({ value, pad }),
        );
      }
    }
  }
});

Deno.test("a chunk that begins anywhere in memory is looked through alike", () => {
  const redactor = createRedactor([encode("hunter2/secret")]);
  const text = encode(`${".".repeat(600)}hunter2%2Fsecret${".".repeat(600)}`);
  for (let offset = 0; offset < 40; offset++) {
    const memory = new Uint8Array(offset + text.length);
    memory.set(text, offset);
    const shown = redactor.bytes(memory.subarray(offset));
    assertEquals(
      new TextDecoder().decode(shown),
      `${".".repeat(600)}***${".".repeat(600)}`,
    );
  }
});

Deno.test("a text made to be slow costs no more than others: it is masked by the line", () => {
  const value = "a".repeat(60) + "b";
  const scanner = createRedactor([encode(value)]).scanner();
  const chunk = encode("\\x61".repeat(8192));
  let shown = "";
  const decoder = new TextDecoder();
  const matcher = createRedactor([encode(value)]).matcher();
  let steps = 0;
  for (let i = 0; i < 100; i++) {
    shown += decoder.decode(scanner.push(chunk));
    matcher.spans(chunk, () => {});
    if (i === 49) steps = matcher.steps;
  }
  // One for each byte here, and some of the automaton.
  assert(matcher.steps - steps < 50 * chunk.length * 6, `${matcher.steps}`);
  assert(shown.includes("***"));
  // From the next line on it is as before.
  const text = "\nplain text\n".repeat(20_000);
  const rest = decoder.decode(scanner.push(encode(text)));
  assert(rest.endsWith("\nplain text\n\nplain text\n"), rest.slice(-100));
  const next = decoder.decode(
    scanner.push(encode(`say a\\x61${value.slice(2)}\n`)),
  );
  assertEquals(next, "say ***\n");
});
