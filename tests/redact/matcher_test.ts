import { assert, assertEquals } from "../support/assert.ts";
import type { Match } from "../../lib/redact/automaton.ts";
import { compileEscapes } from "../../lib/redact/escape_tables.ts";
import { EscapeMatcher } from "../../lib/redact/escape_matcher.ts";
import { FAMILY } from "../../lib/redact/escapes.ts";
import type { FormPattern } from "../../lib/redact/forms.ts";
import { atOnce } from "../../lib/redact/slices.ts";
import { introducersFor } from "../../lib/redact/introducers.ts";
import { isIntroducer } from "./neighbours_model.ts";
import { makeRandom } from "./oracle.ts";
import { waysOf } from "./reader_model.ts";

const toBytes = (text: string) =>
  Uint8Array.from(text, (char) => char.charCodeAt(0));

const toPatterns = (values: readonly string[]) =>
  values.map((text, value): FormPattern => ({
    bytes: toBytes(text),
    form: "plain",
    value,
  }));

const matcherOf = (values: readonly string[]) =>
  new EscapeMatcher(atOnce(compileEscapes(toPatterns(values)))!);

/**
 * Every way to read a value in a text, with an escape at least: where it begins
 * and ends.
 *
 * @param first Signs that the first escape may begin with.
 */
function readings(
  text: string,
  values: readonly string[],
  first: (char: string) => boolean = isIntroducer,
): [number, number][] {
  const ways = Array.from(text, (char, at) => {
    if (!isIntroducer(char)) return [];
    return waysOf(text.slice(at)).map(([length, , said]) => ({
      length,
      said: String.fromCharCode(...said),
    }));
  });
  const found = new Map<string, [number, number]>();
  const follow = (
    value: string,
    read: number,
    start: number,
    at: number,
    isEscaped: boolean,
    seen: Set<string>,
  ) => {
    const state = `${read} ${at} ${isEscaped}`;
    if (seen.has(state)) return;
    seen.add(state);
    if (read === value.length) {
      if (isEscaped) found.set(`${start} ${at}`, [start, at]);
      return;
    }
    if (at >= text.length) return;
    if (text[at] === value[read]) {
      follow(value, read + 1, start, at + 1, isEscaped, seen);
    }
    for (const { length, said } of ways[at]!) {
      if (said === "" && read === 0) continue;
      if (!isEscaped && !first(text[at]!)) continue;
      if (!value.startsWith(said, read)) continue;
      follow(value, read + said.length, start, at + length, true, seen);
    }
  };
  for (const value of values) {
    for (let start = 0; start < text.length; start++) {
      follow(value, 0, start, start, false, new Set());
    }
  }
  return [...found.values()];
}

/** Which bytes are covered. */
function cover(
  length: number,
  spans: readonly (readonly [number, number])[],
): string {
  const covered = new Array<string>(length).fill(".");
  for (const [start, end] of spans) covered.fill("#", start, end);
  return covered.join("");
}

/** What a matcher covers of a text that comes in pieces. */
function covered(
  matcher: EscapeMatcher,
  text: string,
  size: number,
): string {
  const spans: [number, number][] = [];
  const take = (start: number, end: number) => spans.push([start, end]);
  for (let at = 0; at < text.length; at += size) {
    const chunk = toBytes(text.slice(at, at + size));
    matcher.spans(chunk, take);
    chunk.fill(0x2e); // it is borrowed
    const told = Math.min(Infinity, ...spans.map(([start]) => start));
    assert(matcher.offset === Math.min(text.length, at + size));
    assert(matcher.undecided <= matcher.offset && told >= 0);
  }
  matcher.finish(take);
  matcher.reset();
  assertEquals([matcher.offset, matcher.undecided], [0, 0]);
  return cover(text.length, spans);
}

const VALUE_SETS: readonly (readonly string[])[] = [
  ["ab&c", "b&ca"],
  ["a\"b'", "'b\"a"],
  ["x y z", "y+z "],
  ["a\nb\n", "n\\nb"],
  ["\xc3\xa9t\xc3\xa9", "t\xc3\xa9\xe2\x82\xac"],
  ["a%41b", "41b%"],
  ["$a`b", "{a}b"],
  ["a\\b/c", "abc/"],
  ["aaaa", "aaab", "aa&a"],
  ["a\x01b\x7fc"],
];

/** How a character may be written, or nearly. */
function write(random: () => number, char: string): string {
  const code = char.charCodeAt(0);
  const hex = code.toString(16).padStart(2, "0");
  const ways = [
    char,
    `%${hex}`,
    `\\x${hex}`,
    `&#${code};`,
    `&#${code}`,
    `\\u00${hex}`,
    `=${hex.toUpperCase()}`,
    `\\${char}`,
    `'${char}`,
    `"${char}`,
    `\x1b[1m${char}`,
    `\x00${char}`,
    `${char}${char}`,
    `\\${code.toString(8)}`,
    `^${char}`,
    `%25${hex}`,
    `&amp;${char}`,
    `${char}=\n`,
    "\\n",
    "&amp;",
    "+",
    hex,
    "",
  ];
  return random() % 3 ? char : ways[random() % ways.length]!;
}

Deno.test("values with escapes are covered as a slow reader of every way finds them, in pieces of any size", () => {
  const random = makeRandom(61);
  let hits = 0;
  for (const values of VALUE_SETS) {
    const matcher = matcherOf(values);
    const bytes = new Uint8Array(256);
    for (const byte of toBytes(values.join(""))) bytes[byte] = 1;
    // Quotes, say, are looked for where a value has some.
    const signs = new Set(introducersFor(bytes));
    for (let round = 0; round < 120; round++) {
      let text = "";
      for (let i = 1 + random() % 4; i > 0; i--) {
        const value = values[random() % values.length]!;
        const from = random() % 3 ? 0 : random() % value.length;
        for (const char of value.slice(from)) text += write(random, char);
        if (random() % 2) text += "., -"[random() % 4];
      }
      const allowed = cover(text.length, readings(text, values));
      const needed = cover(
        text.length,
        readings(text, values, (char) => signs.has(char.charCodeAt(0))),
      );
      if (needed.includes("#")) hits++;
      for (const size of [text.length || 1, 1, 2, 5, 1 + random() % 9]) {
        const told = JSON.stringify({ values, text, size });
        const shown = covered(matcher, text, size);
        for (let i = 0; i < text.length; i++) {
          const isWrong = needed[i] === "#"
            ? shown[i] !== "#"
            : shown[i] === "#" && allowed[i] !== "#";
          if (isWrong) assertEquals(shown, needed, told);
        }
      }
    }
  }
  assert(hits > 300, `${hits}`);
});

Deno.test("a long value with escapes is told in pieces of 64 bytes, and to its end", () => {
  const random = makeRandom(62);
  for (const length of [64, 65, 95, 127, 128, 129, 150, 200]) {
    const value = Array.from(
      { length },
      () => "abcdefghijklm&"[random() % 14]!,
    ).join("");
    for (const plain of [0, 1, 31, 32, 33, 63, 64, length - 1]) {
      const text = Array.from(
        value,
        (char, i) =>
          i < plain || random() % 2 ? char : `&#${char.charCodeAt(0)};`,
      );
      // One escape at least, in the last byte.
      text[length - 1] = `&#${value.charCodeAt(length - 1)};`;
      const written = `-- ${text.join("")} --`;
      const matches: Match[] = [];
      const matcher = matcherOf([value]);
      matcher.scan(toBytes(written), (match) => matches.push(match));
      matcher.finishScan((match) => matches.push(match));
      const told = JSON.stringify({ value, written, plain });
      const until = (count: number) => 3 + text.slice(0, count).join("").length;
      const escaped = text.findIndex((char) => char.length > 1);
      for (const { start, end, pattern, weak } of matches) {
        assertEquals([pattern.form, pattern.length, weak], [
          "html",
          length,
          false,
        ]);
        assert(start >= 3 && pattern.at < length, told);
        assert(end > until(escaped), told);
      }
      const shown = cover(
        written.length,
        matches.map(({ start, end }) => [start, end]),
      );
      const blocks = Math.floor(escaped / 64) * 64;
      // What is plain before the first escape is the automaton's matter.
      assertEquals(
        shown.slice(until(blocks), until(length)).includes("."),
        false,
        told,
      );
      assertEquals(shown.slice(until(length)), ".".repeat(3), told);
      const whole = covered(matcherOf([value]), written, written.length);
      for (const size of [1, 7, 64]) {
        assertEquals(covered(matcherOf([value]), written, size), whole, told);
      }
    }
  }
});

Deno.test("a long value of characters of two bytes is masked wherever one is written as an escape", () => {
  const random = makeRandom(63);
  for (const first of ["", "q"]) {
    const chars = Array.from(
      { length: 90 },
      () => String.fromCharCode(0xc0 + random() % 64),
    );
    const bytes = (text: string) =>
      String.fromCharCode(...new TextEncoder().encode(text));
    const value = bytes(first + chars.join(""));
    for (let at = 0; at < chars.length; at += 1) {
      const text = `${first}${
        chars.map((char, i) =>
          i === at || i === 89 ? `&#${char.charCodeAt(0)};` : char
        )
          .join("")
      }`;
      const shown = covered(matcherOf([value]), bytes(text), 1000);
      assert(shown.endsWith("#".repeat(64)), `${at}: ${shown}`);
      if (at < 16) assert(!shown.includes("."), `${at}: ${shown}`);
    }
  }
});

Deno.test("what is between two characters and says nothing is followed 64 times, and no further", () => {
  for (
    const [nothing, most] of [["\x00", 64], ["\x1b[0m", 64]] as const
  ) {
    for (const times of [1, 63, 64, 65, 66]) {
      const text = `a${nothing.repeat(times)}bcd`;
      const shown = covered(matcherOf(["abcd"]), text, text.length);
      assertEquals(
        shown.includes("#"),
        times <= most,
        `${JSON.stringify(nothing)} ${times}`,
      );
      assertEquals(covered(matcherOf(["abcd"]), text, 3), shown);
    }
  }
});

Deno.test("before the first escape three signs of quoting may stand, and no more", () => {
  for (const quotes of ["", "$'", "''", "'''", "''''"]) {
    for (const text of [`-ab${quotes}\\x63d`, `-abc${quotes}\\x64`]) {
      const shown = covered(matcherOf(["abcd"]), text, text.length);
      assertEquals(shown.includes("#"), quotes.length <= 3, text);
    }
  }
});

Deno.test("a line that costs too much is masked to its end, and what is plain behind it passes", () => {
  const value = "&".repeat(60) + "x";
  const written = "&amp;".repeat(60) + "x";
  const costly = "&amp;".repeat(8000);
  const before = "a & b\n";
  const behind = `\nplain\nsay ${written} ok\nplain &amp; so\n`;
  const text = `${before}${costly}${behind}`;
  const lineEnd = before.length + costly.length;
  const wordAt = text.indexOf("say ") + 4;
  for (
    const cuts of [
      [],
      [lineEnd - 100],
      [lineEnd - 100, lineEnd - 50],
      [lineEnd - 100, lineEnd],
      [lineEnd - 100, lineEnd, lineEnd + 1],
      [lineEnd - 100, lineEnd + 1],
      [lineEnd - 100, lineEnd + 3],
      [lineEnd],
      [lineEnd + 1],
    ]
  ) {
    const matcher = matcherOf([value]);
    const spans: [number, number][] = [];
    const take = (start: number, end: number, weak: boolean) => {
      assert(start < end && !weak, `${start} ${end} ${weak}`);
      spans.push([start, end]);
    };
    let at = 0;
    for (const cut of [...cuts, text.length]) {
      matcher.spans(toBytes(text.slice(at, cut)), take);
      assertEquals(matcher.offset, cut);
      at = cut;
    }
    matcher.finish(take);
    assert(matcher.steps < 502_000, `${matcher.steps}`);
    const shown = cover(text.length, spans);
    const from = shown.indexOf("#");
    // From the beginning of what may be the value: it is not given away.
    const proof = matcherOf([value]);
    proof.scan(toBytes(text.slice(0, from + 30 * 5)), () => {});
    assert(proof.steps < 500_000 && from > before.length, `${from}`);
    assertEquals((from - before.length) % 5, 0);
    const past = matcherOf([value]);
    past.scan(toBytes(text.slice(0, from + 62 * 5)), () => {});
    assert(past.steps > 500_000, `${past.steps}`);
    assertEquals(shown.slice(from, lineEnd).indexOf("."), -1);
    assertEquals(
      shown.slice(lineEnd, wordAt),
      ".".repeat(wordAt - lineEnd),
      `${cuts}`,
    );
    assert(shown.slice(wordAt, wordAt + written.length).indexOf(".") === -1);
    // The next line begins with the value.
    const other = `${before}${costly}\n${written} ok`;
    const masked = covered(matcherOf([value]), other, other.length);
    assertEquals(masked.slice(lineEnd).indexOf("#"), 1);
    matcher.reset();
    assertEquals(covered(matcher, "plain &amp; so", 99).indexOf("#"), -1);
  }
});

Deno.test("a proof names the form, and which of the values it is", () => {
  for (
    const [text, form] of [
      ["a%26bc", "percent"],
      ["a\\u0026bc", "json"],
      ["a&amp;bc", "html"],
      ["a=26bc", "quoted-printable"],
      ["a\\x26bc", "escape"],
      ["a'\\u0026bc", "escape"],
      ["a%26'bc", "mixed"],
      ["a%5Cu0026bc", "mixed"],
    ] as const
  ) {
    const matcher = matcherOf(["zzzz", "a&bc", "a&bc"]);
    const matches: Match[] = [];
    matcher.scan(toBytes(`.${text}.`), (match) => matches.push(match));
    assertEquals(matches, [{
      start: 1,
      end: 1 + text.length,
      weak: false,
      pattern: { value: 1, form, length: text.length, at: 0 },
    }], text);
  }
  const part = {
    bytes: toBytes("a&bc"),
    form: "line",
    value: 7,
    part: true,
  } as const;
  const tables = atOnce(compileEscapes([part]))!;
  const matches: Match[] = [];
  new EscapeMatcher(tables).scan(
    toBytes("a%26bc."),
    (match) => matches.push(match),
  );
  assertEquals(matches[0]?.pattern, {
    value: 7,
    form: "percent",
    length: 6,
    at: 0,
    part: true,
  });
  assert(Object.values(FAMILY).every((bit) => (bit & bit - 1) === 0));
});

Deno.test("what is undecided is held back, and nothing else", () => {
  for (
    const [value, text, held] of [
      ["abcd", "xyz", 0],
      ["abcd", "xyz%", 1],
      ["abcd", "xyz%6", 2],
      ["abcd", "xyz%61", 3],
      ["abcd", "xyz%61b", 4],
      ["abcd", "xyz%61bc", 5],
      ["abcd", "xyz%61bx", 0],
      ["abcd", "ab%63", 5],
      ["abcd", "ab%63d", 0],
      ["abcd", "-a%6", 3],
      ["abcd", "--&#9", 3],
      ["abcd", "--&#97;b", 6],
      ["abcd", "--&#97;bx", 0],
      ["abcd", "--&#97;\\x62c", 10],
    ] as const
  ) {
    const matcher = matcherOf([value]);
    matcher.spans(toBytes(text), () => {});
    assertEquals(matcher.offset - matcher.undecided, held, text);
    const other = matcherOf([value]);
    for (const byte of toBytes(text)) {
      other.spans(Uint8Array.of(byte), () => {});
    }
    assertEquals(other.offset - other.undecided, held, text);
  }
});

Deno.test("of what is no value's, nothing is followed", () => {
  const matcher = matcherOf(["hunter2&x"]);
  const steps = (text: string) => {
    const before = matcher.steps;
    matcher.spans(toBytes(text), () => {});
    matcher.finish(() => {});
    matcher.reset();
    return matcher.steps - before;
  };
  for (
    const text of [
      "#12 0.345 npm http fetch GET 200 https://registry.example/x?a=b&c=d 12ms\n",
      "100% of it, 50%25 and %20 =3D \\n \\u0041 &amp; &lt;\n",
      "\x1b[32mok\x1b[0m | 5 passed\r\n",
    ]
  ) assertEquals(steps(text.repeat(40)), 0, text);
  // Of what may be, as far as it may.
  assert(steps("hunter2%26x") >= 10);
  assert(steps("hunter2%26x") < 30);
  assert(steps(`${"hunter2%27y ".repeat(100)}`) < 100 * 30);
});
