import { parseExpression } from "../../lib/context/pattern_expression.ts";
import {
  MAX_STEPS,
  PatternProgram,
} from "../../lib/context/pattern_program.ts";
import { withoutPauses } from "../../lib/context/pauses.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { Random } from "../support/random.ts";

/** Whether an expression of Go matches somewhere in a text, by the program for it. */
function matcher(expression: string): (text: string) => boolean {
  const program = new PatternProgram(parseExpression(expression));
  return (text) => withoutPauses(program.run(text));
}

/**
 * Pieces of an expression that take one character, as Go writes them, and as
 * JavaScript does, whose own regexps are what the program is compared with.
 */
const TAKING: readonly (readonly [go: string, js: string])[] = [
  ["a", "a"],
  ["b", "b"],
  ["c", "c"],
  ["/", "/"],
  ["é", "é"],
  ["😀", "😀"],
  ["\\.", "\\."],
  ["\\-", "-"],
  ["\\n", "\\n"],
  ["\\t", "\\t"],
  ["\\r", "\\r"],
  ["\\a", "\\x07"],
  ["\\f", "\\f"],
  ["\\v", "\\v"],
  ["\\x61", "a"],
  ["\\x4A", "J"],
  ["\\x{62}", "b"],
  ["\\x{1F600}", "😀"],
  ["\\x{10FFFF}", "\\u{10FFFF}"],
  ["\\141", "a"],
  ["\\12", "\\n"],
  ["\\0", "\\0"],
  ["\\07", "\\x07"],
  ["\\012", "\\n"],
  [".", "[^\\n]"],
  ["[^/]", "[^/]"],
  ["[a-b]", "[a-b]"],
  ["[^a-b]", "[^a-b]"],
  ["[b]", "[b]"],
  ["[]a]", "[\\]a]"],
  ["[^]a]", "[^\\]a]"],
  ["[a-]", "[a\\-]"],
  ["[-a]", "[\\-a]"],
  ["[+--]", "[+-\\-]"],
  ["[ad]", "[ad]"],
  ["[aS]", "[aS]"],
  ["[a\\-c]", "[a\\-c]"],
  ["[\\x61-\\x63]", "[a-c]"],
  ["[\\n-\\r]", "[\\n-\\r]"],
  ["[é-😀]", "[é-😀]"],
  ["[\\d/]", "[0-9/]"],
  ["[\\pL]", "\\p{L}"],
  ["[^\\Wb]", "[^\\Wb]"],
  ["[[:digit:]a]", "[0-9a]"],
  ["[^[:alpha:]]", "[^A-Za-z]"],
  ["[[:^alpha:]]", "[^A-Za-z]"],
  ["[:a]", "[:a]"],
  ["\\d", "[0-9]"],
  ["\\D", "[^0-9]"],
  ["\\s", "[\\t\\n\\f\\r ]"],
  ["\\S", "[^\\t\\n\\f\\r ]"],
  ["\\w", "[0-9A-Za-z_]"],
  ["\\W", "[^0-9A-Za-z_]"],
  ["\\pL", "\\p{L}"],
  ["\\PL", "\\P{L}"],
  ["\\p{Lu}", "\\p{Lu}"],
  ["\\p{^Lu}", "\\P{Lu}"],
  ["\\P{^Lu}", "\\p{Lu}"],
  ["\\p{Latin}", "\\p{sc=Latin}"],
  ["\\p{Any}", "[^]"],
];

const REPEATED: readonly (readonly [go: string, js: string])[] = [
  [".*", "[^\\n]*"],
  ["[^/]*", "[^/]*"],
  ["[a-b]*", "[a-b]*"],
  ["(.*/)?", "(?:[^\\n]*/)?"],
  ["\\Qa.*\\E", "a\\.\\*"],
  ["\\Q\\E", ""],
  ["{", "\\{"],
  ["}", "\\}"],
  ["{,2}", "\\{,2\\}"],
  ["a{}", "a\\{\\}"],
  ["a{01}", "a\\{01\\}"],
  ["\uFFFFa", "\uFFFFa"],
  ["\u{10000}a", "\u{10000}a"],
];

const PLACES: readonly (readonly [go: string, js: string])[] = [
  ["^", "^"],
  ["$", "$"],
  ["\\A", "^"],
  ["\\z", "$"],
  ["\\b", "\\b"],
  ["\\B", "\\B"],
];

const TIMES = ["{0}", "{1}", "{2}", "{3}", "{0,}", "{1,}", "{2,}"].concat(
  ["{0,0}", "{0,1}", "{1,1}", "{1,2}", "{2,3}", "{0,3}"],
);

const LETTERS = [..."aaabbbcc//é😀\n\t\r .-]J1_:\x07\0\f\v\u{10FFFF}"];

/** A text that may well be matched: what the pieces are about. */
function textFor(random: Random): string {
  return Array.from(
    { length: random.below(7) },
    () => random.pick(LETTERS),
  ).join("");
}

Deno.test("a pattern's expression takes what a regexp takes, piece by piece", () => {
  for (const [go, js] of [...TAKING, ...REPEATED, ...PLACES]) {
    const regexp = new RegExp(`^(?:${js})$`, "u");
    const takes = matcher(`^${go}$`);
    for (
      const one of [...LETTERS, "", "aa", "a/", "/", "a.*", "{", "}"]
        .concat("\uFFFFa", "\u{10000}a", "\uFFFF", "ad", "S", "d")
    ) {
      assertEquals([go, one, takes(one)], [go, one, regexp.test(one)]);
    }
    for (let code = 0; code < 0x180; code++) {
      const one = String.fromCharCode(code);
      assertEquals([go, code, takes(one)], [go, code, regexp.test(one)]);
    }
  }
});

Deno.test("a pattern's expression takes what a regexp takes, pieces together", () => {
  const random = new Random(7);
  for (let round = 0; round < 1500; round++) {
    const alternatives = Array.from(
      { length: 1 + random.below(2) },
      () =>
        Array.from({ length: random.below(5) }, () => {
          const kind = random.below(10);
          if (kind === 0) return random.pick(PLACES);
          if (kind < 3) return random.pick(REPEATED);
          const [go, js] = random.pick(TAKING);
          const times = random.below(3) === 0 ? random.pick(TIMES) : "";
          return [go + times, js + times] as const;
        }),
    );
    const isWhole = random.below(2) === 0;
    const source = (which: 0 | 1) =>
      alternatives.map((pieces) => pieces.map((piece) => piece[which]).join(""))
        .map((one) => isWhole ? `^${one}$` : one).join("|");
    const regexp = new RegExp(source(1), "u");
    const go = source(0);
    const takes = matcher(go);
    for (let text = 0; text < 8; text++) {
      const path = textFor(random);
      assertEquals([go, path, takes(path)], [go, path, regexp.test(path)]);
    }
  }
});

Deno.test("each class that Go knows by a name holds what it holds there", () => {
  const classes: Readonly<Record<string, RegExp>> = {
    alnum: /[0-9A-Za-z]/,
    alpha: /[A-Za-z]/,
    // deno-lint-ignore no-control-regex
    ascii: /[\x00-\x7F]/,
    blank: /[\t ]/,
    // deno-lint-ignore no-control-regex
    cntrl: /[\x00-\x1F\x7F]/,
    digit: /[0-9]/,
    graph: /[!-~]/,
    lower: /[a-z]/,
    print: /[ -~]/,
    punct: /[!-\/:-@[-`{-~]/,
    space: /[\t\n\v\f\r ]/,
    upper: /[A-Z]/,
    word: /[0-9A-Za-z_]/,
    xdigit: /[0-9A-Fa-f]/,
  };
  for (const [name, regexp] of Object.entries(classes)) {
    const takes = matcher(`^[[:${name}:]]$`);
    const takesOther = matcher(`^[[:^${name}:]]$`);
    for (let code = 0; code <= 0x100; code++) {
      const one = String.fromCharCode(code);
      const holds = regexp.test(one);
      assertEquals(takes(one), holds, `${name} ${code}`);
      assertEquals(takesOther(one), !holds, `${name} ${code}`);
    }
  }
});

Deno.test("what Go's regexp refuses is refused, and what is one beside it is not", () => {
  const refused = [
    "{2}",
    "a|{2}",
    "a{2,1}",
    "a{1001}",
    "a{1001,}",
    "a{0,1001}",
    "a{2}{2}",
    "[a-b]*{2}",
    "(.*/)?{2}",
    "[b-a]",
    "[a",
    "[",
    "[^",
    "[[:nope:]]",
    "[[::]]",
    "[[:^nope:]]",
    "[[:toString:]]",
    "\\p{X}",
    "\\p{}",
    "\\p{Nope}",
    "\\p{greek}",
    "\\p{Letter}",
    "\\p{L",
    "\\p",
    "\\pX",
    "\\x{110000}",
    "\\x{}",
    "\\x6",
    "\\x6g",
    "\\8",
    "\\1",
    "\\18",
    "\\e",
    "\\Z",
    "\\é",
    "\\",
    "[\\b]",
    "[\\e]",
  ];
  for (const expression of refused) {
    assertThrows(
      () => parseExpression(expression),
      SyntaxError,
      "syntax error in pattern",
    );
  }
  const taken = [
    "a{1000}",
    "a{1000,}",
    "a{0,1000}",
    "a{1,1}",
    "[a-a]",
    "[[:alpha]",
    "[[.a]",
    "\\x{10ffff}",
    "\\177",
    "\\17",
    "\\!",
    "\\_",
    "^{2}",
    "\\b{2}",
    "a|",
    "|",
    "\\p{Yi}",
  ];
  for (const expression of taken) parseExpression(expression);
});

Deno.test("an expression may be as large as Go takes it, and no larger", () => {
  const most = 3_355_443;
  const filled = (size: number) =>
    "x{1000}".repeat(Math.floor(size / 1000)) + "x".repeat(size % 1000);
  const sizes: readonly (readonly [string, number])[] = [
    ["", 0],
    ["x", 1],
    ["^", 1],
    [".", 1],
    [".*", 3],
    ["(.*/)?", 7],
    ["|", 1],
    ["x{0}", 1],
    ["x{1}", 1],
    ["x{2}", 2],
    ["x{0,1}", 2],
    ["x{1,3}", 5],
    ["x{0,}", 3],
    ["x{1,}", 2],
    ["x{7,}", 8],
    ["\\Qabc\\E", 3],
  ];
  for (const [expression, size] of sizes) {
    parseExpression(filled(most - size) + expression);
    assertThrows(
      () => parseExpression(filled(most - size + 1) + expression),
      SyntaxError,
    );
  }
});

Deno.test("a program may have 262,144 steps, and no more", () => {
  assertEquals(MAX_STEPS, 262_144);
  const made = (expression: string) =>
    new PatternProgram(parseExpression(expression));
  const full = "x{1000}".repeat(262); // 144 steps are left
  for (
    const [fits, tooLong] of [
      ["x{144}", "x{145}"],
      ["x{141,}", "x{142,}"],
      ["x{0,72}", "x{0,73}"],
      ["x{10,77}", "x{11,78}"],
      ["xx{143}", "xx{144}"],
    ] as const
  ) {
    made(full + fits);
    assertThrows(() => made(full + tooLong), RangeError, "too long");
  }
});

Deno.test("a program makes a pause after 50,000 steps, and goes on behind it", () => {
  const program = new PatternProgram(parseExpression("xy"));
  /** How often it pauses; of each character four steps are looked at. */
  const pauses = (text: string): [number, boolean] => {
    const run = program.run(text);
    for (let count = 0;; count++) {
      const { done, value } = run.next();
      if (done) return [count, value];
    }
  };
  assertEquals(pauses("x".repeat(12_499)), [0, false]);
  assertEquals(pauses("x".repeat(12_500)), [1, false]);
  assertEquals(pauses("x".repeat(24_999)), [1, false]);
  assertEquals(pauses("x".repeat(25_000)), [2, false]);
  assertEquals(pauses("x".repeat(13_000) + "y"), [1, true]);
  // The match is found where it is, and the rest is not read.
  assertEquals(pauses("xy" + "x".repeat(100_000)), [0, true]);
});

Deno.test("one program can be asked again while it is asked", () => {
  const program = new PatternProgram(parseExpression(".*b$"));
  const first = program.run("a".repeat(40_000) + "b");
  const second = program.run("a".repeat(40_000));
  assert(!first.next().done);
  assert(!second.next().done);
  assertEquals([withoutPauses(first), withoutPauses(second)], [true, false]);
});
