import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertThrows,
} from "../support/assert.ts";
import { Automaton, type Match } from "../../lib/redact/automaton.ts";
import { LIMITS, type Limits } from "../../lib/redact/blocks.ts";
import type { FormPattern } from "../../lib/redact/forms.ts";
import { MaskingScanner } from "../../lib/redact/scanner.ts";
import { makeBytes, makeRandom, maskNaively } from "./oracle.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const toPatterns = (bytes: readonly Uint8Array[]): FormPattern[] =>
  bytes.map((bytes, value) => ({ bytes, value, form: "plain" }));

function compile(words: readonly string[], limits?: Limits): Automaton {
  return new Automaton(toPatterns(words.map(encode)), limits);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Pushes `text` in chunks that end where `isCut` says; checks what is held back. */
function mask(
  automaton: Automaton,
  text: Uint8Array,
  isCut: (i: number) => boolean,
): Uint8Array {
  const scanner = new MaskingScanner(automaton.matcher());
  const out: Uint8Array[] = [];
  let from = 0;
  for (let i = 1; i <= text.length; i++) {
    if (i < text.length && !isCut(i)) continue;
    const chunk = text.slice(from, i);
    out.push(scanner.push(chunk).slice());
    chunk.fill(0xff); // a chunk is borrowed: what is held back must be a copy
    assertLessOrEqual(scanner.pending, automaton.reach);
    from = i;
  }
  out.push(scanner.flush());
  assertEquals(scanner.pending, 0);
  return concat(out);
}

function findAll(
  automaton: Automaton,
  text: string,
): [number, number, number][] {
  const matches: Match[] = [];
  const matcher = automaton.matcher();
  matcher.scan(encode(text), (match) => matches.push(match));
  return matches.map(({ start, end, pattern }) => [start, end, pattern.value]);
}

Deno.test("Automaton refuses a pattern under 3 bytes without showing it", () => {
  const error = assertThrows(() => compile(["qq"]), RangeError);
  assertEquals(
    error.message,
    "Cannot match a pattern of 2 bytes: 3 are needed",
  );
});

Deno.test("Automaton without patterns is empty and finds nothing", () => {
  const automaton = new Automaton([]);
  assert(automaton.empty);
  assertEquals(findAll(automaton, "anything"), []);
  const matcher = automaton.matcher();
  matcher.spans(encode("anything"), () => assert(false));
  assertEquals([matcher.offset, matcher.undecided], [8, 8]);
});

Deno.test("Matcher.scan() reports every pattern at every place, by end", () => {
  const automaton = compile(["hers", "ushers", "she said", "ersx"]);
  assertEquals(findAll(automaton, "ushersx she sai"), [[0, 6, 1], [2, 6, 0], [
    3,
    7,
    3,
  ]]);
});

Deno.test("Matcher.scan() counts offsets over chunks and reports equal patterns of two values", () => {
  const automaton = compile(["secret", "secret"]);
  const matcher = automaton.matcher();
  const found: [number, number, number][] = [];
  for (const part of ["a se", "cr", "et secret"]) {
    matcher.scan(
      encode(part),
      ({ start, end, pattern }) => found.push([start, end, pattern.value]),
    );
  }
  assertEquals(found, [[2, 8, 0], [2, 8, 1], [9, 15, 0], [9, 15, 1]]);
  assertEquals(matcher.offset, 15);
});

Deno.test("Matcher.scan() reports the blocks of a long pattern and its full length", () => {
  const random = makeRandom(1);
  const long = makeBytes(random, 150, 26);
  const automaton = new Automaton(toPatterns([long]));
  const matches: Match[] = [];
  automaton.matcher().scan(
    concat([encode("..."), long, encode("...")]),
    (match) => matches.push(match),
  );
  assertEquals(
    matches.map(({ start, end, pattern }) => [start, end, pattern.length]),
    [[3, 67, 150], [67, 131, 150], [89, 153, 150]],
  );
});

Deno.test("Matcher.undecided is the first byte that may begin a match", () => {
  const matcher = compile(["abcabd"]).matcher();
  const states: number[] = [];
  for (const byte of encode("xabcabcabx")) {
    matcher.spans(Uint8Array.of(byte), () => {});
    states.push(matcher.offset - matcher.undecided);
  }
  assertEquals(states, [0, 1, 2, 3, 4, 5, 3, 4, 5, 0]);
});

Deno.test("A mask agrees with the naive oracle, for short patterns and any chunks", () => {
  const random = makeRandom(2);
  for (let round = 0; round < 4000; round++) {
    const letters = 1 + random() % 4;
    const patterns = Array.from(
      { length: 1 + random() % 6 },
      () => makeBytes(random, 3 + random() % 8, letters),
    );
    const text = makeBytes(random, random() % 80, letters + random() % 2);
    const automaton = new Automaton(toPatterns(patterns));
    const expected = decode(maskNaively(text, patterns, LIMITS));
    assertEquals(decode(mask(automaton, text, () => false)), expected);
    assertEquals(decode(mask(automaton, text, () => true)), expected);
    assertEquals(
      decode(mask(automaton, text, () => random() % 5 === 0)),
      expected,
    );
  }
});

Deno.test("A mask agrees with the naive oracle, for patterns cut into blocks", () => {
  const random = makeRandom(3);
  let hits = 0;
  for (let round = 0; round < 6000; round++) {
    const limits: Limits = {
      block: 8,
      head: 3 + random() % 5,
      blocks: 2 + random() % 4,
      distinct: 1 + random() % 4,
    };
    const letters = 1 + random() % 4;
    const alphabet = round % 2 ? "abcdef" : "a\n\rbcd";
    const patterns = Array.from(
      { length: 1 + random() % 4 },
      () => makeBytes(random, 3 + random() % 50, letters, alphabet),
    );
    // Secrets, pieces of secrets and noise, so that matches do happen.
    const parts: Uint8Array[] = [];
    for (let i = random() % 5; i >= 0; i--) {
      const pattern = patterns[random() % patterns.length]!;
      const from = random() % 3 ? 0 : random() % pattern.length;
      const to = random() % 3 ? pattern.length : random() % pattern.length;
      parts.push(
        pattern.subarray(from, to),
        makeBytes(random, random() % 6, letters + 1, alphabet),
      );
    }
    const text = concat(parts);
    const automaton = new Automaton(toPatterns(patterns), limits);
    const expected = decode(maskNaively(text, patterns, limits));
    if (expected.includes("*")) hits++;
    assertEquals(decode(mask(automaton, text, () => false)), expected);
    assertEquals(decode(mask(automaton, text, () => true)), expected);
    assertEquals(
      decode(mask(automaton, text, () => random() % 7 === 0)),
      expected,
    );
    for (const pattern of patterns) {
      assertEquals(decode(mask(automaton, pattern, () => false)), "***");
    }
  }
  assert(hits > 1000);
});

Deno.test("A scan is linear on near matches", () => {
  const size = 200_000;
  const cases: [string, string[], string][] = [
    ["a run, pattern a…ab", ["a".repeat(60) + "b"], "a"],
    [
      "a run, patterns of a",
      Array.from({ length: 60 }, (_, i) => "a".repeat(4 + i)),
      "a",
    ],
    ["a run, a block of a", ["a".repeat(500) + "b"], "a"],
    [
      "a run, nested near matches",
      Array.from({ length: 50 }, (_, i) => "a".repeat(9 + i) + "b"),
      "a",
    ],
    [
      "all but the last byte, again and again",
      ["abcdefgh".repeat(7) + "!"],
      "abcdefgh",
    ],
    ["all but the first byte", ["!" + "abcdefgh".repeat(7)], "abcdefgh"],
    [
      "heads only",
      ["0123456789abcdefghijklmnopqrstuv" + "x".repeat(50)],
      "0123456789abcdefghijklmnopqrstuv",
    ],
    ["heads within heads", [
      "abc".repeat(100),
      "bca".repeat(40),
      "cab".repeat(50) + "d",
    ], "abc"],
  ];
  for (const [name, words, unit] of cases) {
    const matcher = compile(words).matcher();
    matcher.spans(encode(unit.repeat(size / unit.length)), () => {});
    assertLessOrEqual(matcher.steps, 4 * size, name);
  }
});

Deno.test("A scan of ordinary text reads a fraction of it", () => {
  const matcher = compile([
    "correct-horse-battery-staple",
    "hunter2hunter2hunter2",
  ]).matcher();
  const text = encode(
    "#12 0.345 npm http fetch GET 200 https://registry.npmjs.org/x 12ms\n"
      .repeat(1e3),
  );
  matcher.spans(text, () => {});
  assertLessOrEqual(matcher.steps, text.length / 5);
});
