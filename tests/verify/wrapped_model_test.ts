import { Automaton, type Match } from "../../lib/redact/automaton.ts";
import { WrappedSearch } from "../../lib/verify/wrapped_search.ts";
import { makeRandom } from "../redact/oracle.ts";
import { assert, assertEquals } from "../support/assert.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** The shortest line that is taken for one of a wrapped text. */
const MIN_LINE = 32;

/** How many letters are joined at a time, beside what a pattern may have before. */
const BUFFER = 16 * 1024;

function automatonOf(patterns: readonly string[]): Automaton {
  return new Automaton(
    patterns.map((pattern, value) => ({
      bytes: encode(pattern),
      form: "base64",
      value,
    })),
  );
}

/** What is found of contents that come one after the other, in pieces. */
function found(
  automaton: Automaton,
  contents: readonly string[],
  size: () => number,
): string[][] {
  const search = new WrappedSearch(automaton.matcher(), automaton.reach);
  return contents.map((content) => {
    const bytes = encode(content);
    const matches: string[] = [];
    const take = ({ start, end, pattern }: Match) => {
      matches.push(`${pattern.value} ${start}-${end} ${pattern.length}`);
    };
    for (let at = 0; at < bytes.length;) {
      const next = Math.min(bytes.length, at + size());
      search.push(bytes.subarray(at, next), take);
      at = next;
    }
    search.end(take);
    return matches;
  });
}

/** The same, slowly: each text in lines is joined, and each pattern compared at each of its letters. */
function foundSlowly(patterns: readonly string[], content: string): string[] {
  const matches: string[] = [];
  const lines = /[A-Za-z0-9+/_-]+/g;
  for (let line = lines.exec(content); line; line = lines.exec(content)) {
    let to = lines.lastIndex;
    if (line[0].length < MIN_LINE || !/[\r\n]/.test(content[to] ?? "")) {
      continue;
    }
    const places = Array.from(line[0], (_, i) => line!.index + i);
    while (/[\r\n]/.test(content[to] ?? "")) {
      while (/[\r\n\t ]/.test(content[to] ?? "")) to++;
      while (/[A-Za-z0-9+/_-]/.test(content[to] ?? "")) places.push(to++);
    }
    const joined = places.map((place) => content[place]).join("");
    for (let end = 1; end <= joined.length; end++) {
      const ending = patterns.filter((pattern) =>
        joined.slice(0, end).endsWith(pattern)
      ).toSorted((a, b) => b.length - a.length);
      for (const pattern of ending) {
        const [from, last] = [places[end - pattern.length]!, places[end - 1]!];
        const length = last + 1 - from;
        if (length === pattern.length) continue; // it stands in one line
        matches.push(
          `${patterns.indexOf(pattern)} ${from}-${last + 1} ${length}`,
        );
      }
    }
    lines.lastIndex = to;
  }
  return matches;
}

Deno.test("what is found in lines is what a slow search of the joined lines finds, whatever the pieces", () => {
  const random = makeRandom(11);
  const pick = <T>(list: readonly T[]): T => list[random() % list.length]!;
  const word = (length: number) =>
    Array.from({ length }, () => pick(["a", "b"])).join("");
  const patterns = [word(3), word(5), word(9), word(33), word(41)];
  const automaton = automatonOf(patterns);
  assertEquals(automaton.reach, 40);
  const ends = ["\n", "\n", "\n", "\r\n", "\r", "\n\n", "\n ", "\n\t", "\n \n"];
  const others = [" \n", ":\n", "\n:", "=", "\0", " ", "\n=\n", "", "\n\n\n"];
  const widths = [1, 2, 8, 30, 31, 31, 32, 32, 33, 34, 39, 40, 41, 42, 70, 90];
  let told = 0;
  for (let round = 0; round < 250; round++) {
    const contents = Array.from({ length: 2 }, () => {
      let text = pick(["", "\n", "ab:", " "]);
      for (let line = 0; line < 8; line++) {
        const width = pick(widths);
        let letters = "";
        while (letters.length < width) {
          letters += random() % 3
            ? pick(patterns)
            : word(5) + pick(["", "+", "/", "-", "_", "Z", "z", "0", "9"]);
        }
        text += letters.slice(0, width) + pick(random() % 6 ? ends : others);
      }
      return text;
    });
    const slow = contents.map((content) => foundSlowly(patterns, content));
    told += slow.flat().length;
    for (
      const size of [
        () => Infinity,
        () => 1,
        () => 1 + random() % 3,
        () => 1 + random() % 60,
      ]
    ) {
      assertEquals(
        found(automaton, contents, size),
        slow,
        JSON.stringify(contents),
      );
    }
  }
  assert(told > 500, `${told}`);
});

Deno.test("a pattern is found across the end of a line that is longer than what is joined at a time", () => {
  const pattern = "0123456789".repeat(4) + "Z";
  const automaton = automatonOf([pattern, "QRS"]);
  const reach = pattern.length - 1;
  for (const first of [reach - 1, reach, reach + 1, BUFFER + 3 * reach]) {
    const joined = Math.min(first, reach);
    // The second line ends so many letters before the joined ones are full.
    for (let left = -3; left <= reach + 3; left++) {
      const second = BUFFER + reach - joined - left;
      for (const before of [1, 20, reach]) {
        const start = "x".repeat(first) + "\n" +
          "y".repeat(second - before);
        const content = start + pattern.slice(0, before) + "\n" +
          pattern.slice(before) + "z".repeat(reach);
        const length = pattern.length + 1;
        const place = `0 ${start.length}-${start.length + length} ${length}`;
        for (const size of [Infinity, 1000]) {
          assertEquals(
            found(automaton, [content], () => size),
            [[place]],
            `${first} ${left} ${before} ${size}`,
          );
        }
      }
    }
  }
});

Deno.test("of lines without end each that ends within a pattern is looked at", () => {
  const pattern = "0123456789".repeat(4);
  const automaton = automatonOf([pattern]);
  const long = "x".repeat(3 * BUFFER);
  const cut = `${pattern.slice(0, 13)}\n${pattern.slice(13)}`;
  const content = [long, cut, long, cut, long, cut, ":", cut, long]
    .join("");
  const places: number[] = [];
  for (let at = content.indexOf(cut); at !== -1;) {
    places.push(at);
    at = content.indexOf(cut, at + 1);
  }
  const expected = places.slice(0, 3).map((at) => `0 ${at}-${at + 41} 41`);
  for (const size of [Infinity, 777, BUFFER]) {
    assertEquals(found(automaton, [content], () => size), [expected]);
  }
});
