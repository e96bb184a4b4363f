import { parseIgnoreFile } from "../../lib/context/ignore_file.ts";
import { Pattern } from "../../lib/context/pattern.ts";
import { PatternMatcher } from "../../lib/context/pattern_matcher.ts";
import { isWellFormed, readSyntax } from "../../lib/context/pattern_syntax.ts";
import { cleanPath, trimSpace } from "../../lib/context/pattern_text.ts";
import { type PausedWork, withoutPauses } from "../../lib/context/pauses.ts";
import { ContextError } from "../../lib/errors.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { Random } from "../support/random.ts";

function matches(pattern: Pattern, path: string): boolean {
  const answer = pattern.match(path);
  return typeof answer === "boolean" ? answer : withoutPauses(answer);
}

/** What stands in patterns, and what one character of a path it takes; stars are read as such. */
type Token = string | ((letter: string) => boolean);

/** Whether tokens match a path, tried in all ways: slow, and plain to see. */
function matchesSlowly(tokens: readonly Token[], path: string): boolean {
  const [token, ...rest] = tokens;
  if (token === undefined) return path === "";
  const starts = [...path].map((_, at) => at).concat(path.length);
  if (token === "*") {
    const most = path.indexOf("/") < 0 ? path.length : path.indexOf("/");
    return starts.some((at) =>
      at <= most && matchesSlowly(rest, path.slice(at))
    );
  }
  if (token === "**") {
    return starts.some((at) => matchesSlowly(rest, path.slice(at)));
  }
  if (token === "**/") {
    return starts.some((at) =>
      (at === 0 || path[at - 1] === "/") && matchesSlowly(rest, path.slice(at))
    );
  }
  if (path === "") return false;
  const takes = typeof token === "function"
    ? token(path[0]!)
    : token === path[0];
  return takes && matchesSlowly(rest, path.slice(1));
}

const NOT_SLASH = (letter: string) => letter !== "/";

/** A pattern's text with its tokens; a star is never beside another one. */
const PIECES: readonly (readonly [text: string, tokens: readonly Token[]])[] = [
  ["a", ["a"]],
  ["b", ["b"]],
  ["/", ["/"]],
  ["ab", ["a", "b"]],
  [".", ["."]],
  ["+", ["+"]],
  ["(", ["("]],
  ["$", ["$"]],
  ["?", [NOT_SLASH]],
  ["*", ["*"]],
  ["**/", ["**/"]],
  ["/**/", ["/", "**/"]],
  ["\\*", [(letter) => letter === "*"]],
  ["\\a", [(letter) => letter === "\x07"]],
  ["[ab]", [(letter) => "ab".includes(letter)]],
  ["[^a]", [(letter) => letter !== "a"]],
  ["[a-c]", [(letter) => "abc".includes(letter)]],
];

Deno.test("Pattern matches what all ways of trying it find", () => {
  const random = new Random(15);
  const letters = [..."aaabb///.+($*c\x07"];
  for (let round = 0; round < 3000; round++) {
    let text = "";
    const tokens: Token[] = [];
    for (let count = 1 + random.below(5); count > 0; count--) {
      const [piece, taken] = random.pick(PIECES);
      // "**" means something else than two stars.
      if (text.endsWith("*") && piece.startsWith("*")) continue;
      text += piece;
      tokens.push(...taken);
    }
    if (text.endsWith("/")) { // a clean path ends in none
      text += "a";
      tokens.push("a");
    }
    if (random.below(4) === 0 && !text.endsWith("*")) {
      text += "**";
      tokens.push("**");
    }
    const pattern = new Pattern(text);
    for (let tried = 0; tried < 6; tried++) {
      const path = Array.from(
        { length: random.below(7) },
        () => random.pick(letters),
      ).join("");
      assertEquals(
        [text, path, matches(pattern, path)],
        [text, path, matchesSlowly(tokens, path)],
      );
      // What is matched below a folder is looked for there.
      const folder = path.slice(0, path.lastIndexOf("/"));
      if (path.lastIndexOf("/") > 0 && matches(pattern, path)) {
        assert(pattern.canMatchBelow(folder), `${text} ${folder}`);
      }
    }
  }
});

Deno.test("readSyntax() tells how a pattern is compared", () => {
  for (
    const [pattern, kind, expression] of [
      ["", "exact", "^$"],
      ["a", "exact", "^a$"],
      ["a/b.c", "exact", "^a/b\\.c$"],
      [".+()$", "exact", "^\\.\\+\\(\\)\\$$"],
      ["{a|b}^", "exact", "^{a|b}^$"],
      ["\ufeffa", "exact", "^a$"],
      ["a\ufeff", "exact", "^a\ufeff$"],
      ["**", "suffix", "^$"],
      ["a**", "prefix", "^a$"],
      ["a/**", "prefix", "^a/$"],
      ["**/", "suffix", "^$"],
      ["**/a", "suffix", "^(.*/)?a$"],
      ["**a", "suffix", "^(.*/)?a$"],
      ["***", "expression", "^(.*/)?[^/]*$"],
      ["****", "expression", "^(.*/)?.*$"],
      ["*a**", "expression", "^[^/]*a.*$"],
      ["a/**/b", "expression", "^a/(.*/)?b$"],
      ["a**b", "expression", "^a(.*/)?b$"],
      ["*", "expression", "^[^/]*$"],
      ["?", "expression", "^[^/]$"],
      ["a*b?", "expression", "^a[^/]*b[^/]$"],
      ["[a]", "expression", "^[a]$"],
      ["a]", "expression", "^a]$"],
      ["\\*a", "expression", "^\\*a$"],
      ["\\\\", "expression", "^\\\\$"],
      ["é😀*", "expression", "^é😀[^/]*$"],
    ] as const
  ) {
    assertEquals([pattern, readSyntax(pattern)], [pattern, {
      kind,
      expression,
    }]);
  }
});

Deno.test("patterns with two stars at an end are compared as moby compares them", () => {
  for (
    const [text, yes, no] of [
      ["a**", ["a", "ab", "a/b", "a\nb"], ["", "b", "ba"]],
      ["a/**", ["a/", "a/b", "a/\n"], ["a", "b/a/"]],
      ["**a", ["a", "ba", "b/a", "\na"], ["", "ab", "a/"]],
      ["**/a", ["a", "b/a", "b/c/a", "\n/a"], ["ba", "a/b", ""]],
      ["**/a*", ["a", "b/ab"], ["\n/a", "ba"]],
      ["a/**/b", ["a/b", "a/c/b"], ["a/\n/b", "ab", "a/cb"]],
      ["*", ["", "a", "\n"], ["a/b", "/"]],
    ] as const
  ) {
    const pattern = new Pattern(text);
    for (const path of yes) assert(matches(pattern, path), `${text} ${path}`);
    for (const path of no) assert(!matches(pattern, path), `${text} ${path}`);
  }
});

Deno.test("isWellFormed() takes what Go's filepath.Match takes", () => {
  const taken = ["", "a", "*", "?", "\\a", "\\\\", "\\[", "[a]", "[^a]", "[ab]"]
    .concat("[a-b]", "[^a-b]c", "[a-bc-d]", "[\\]]", "[\\]-a]", "[a-\\]]")
    .concat("[^^]", "[😀]", "[a-😀]", "[😀-\u{1f601}]b", "]", "a]", "[*]")
    .concat("[b-a]", "[[]", "[?]", "-", "[a]-]");
  for (const pattern of taken) assert(isWellFormed(pattern), pattern);
  const refused = ["\\", "a\\", "\\\\\\", "[", "[a", "[]", "[^]", "[^", "[]a]"]
    .concat("[^]a]", "[-a]", "[a-]", "[^-a]", "[a-b", "[a-", "[\\", "[\\]")
    .concat("[a-\\", "[a-\\]", "[a--]", "[a-]-b]", "[😀", "[a]b[", "[a]\\")
    .concat("[a-b-c]");
  for (const pattern of refused) assert(!isWellFormed(pattern), pattern);
});

Deno.test("a malformed pattern is quoted as JSON, and no longer than is needed", () => {
  const message = (text: string) =>
    assertThrows(() => new Pattern(text), ContextError, "syntax error").message;
  assert(message('["').includes('pattern "[\\"" (of'));
  assert(message("![").includes('pattern "![" (of'));
  const long = "[" + "a".repeat(199);
  assert(message(long).includes(`pattern "${long}" (of`));
  assert(message(`${long}b`).includes(`pattern "${long}…" (of`));
  const late = new Pattern(`${"?{0,1000}".repeat(132)}`);
  const error = assertThrows(() => late.match("a"), ContextError, "repeats");
  assert(error.message.includes(`"${"?{0,1000}".repeat(23).slice(0, 200)}…"`));
  assert(error.cause instanceof RangeError);
});

Deno.test("Pattern tells what may be below a folder, and what may not", () => {
  for (
    const [text, yes, no] of [
      ["a", [], ["a", "b", "a/b"]],
      ["a/b", ["a"], ["b", "a/b", "ab"]],
      ["a/b/c", ["a", "a/b"], ["a/c", "b/b", "a/b/c"]],
      ["a*/b", ["a", "ab", "a*"], ["b", "ba", "ab/b"]],
      ["?a/b", ["a", "b", "xyz"], ["x/a"]],
      ["ab?/c", ["ab", "abc"], ["a", "b"]],
      ["x*y?z/b", ["x", "xa"], ["a"]],
      ["**/b", ["a", "a/b", "b/c/d"], []],
      ["a/**", ["a", "a/b", "a/b/c"], ["b"]],
      ["a/[b]/c", ["a", "a/x", "a/x/y"], ["b"]],
      ["a{1}/b", ["x"], []],
      ["a\\b/c", ["x"], []],
      ["^a/b", ["x"], []],
      ["\ufeffa/b", ["a"], []],
      ["a|b", ["x", "x/y"], []],
    ] as const
  ) {
    const pattern = new Pattern(text);
    for (const folder of yes) {
      assert(pattern.canMatchBelow(folder), `${text} ${folder}`);
    }
    for (const folder of no) {
      assert(!pattern.canMatchBelow(folder), `${text} ${folder}`);
    }
  }
  for (
    const [text, stem] of [
      ["a", "a"],
      ["a/*", "a"],
      ["a/**", "a"],
      ["a/*/**", "a"],
      ["a/**/*", "a/**"],
      ["a/b*", "a/b*"],
      ["a/**/**", "a/**"],
    ] as const
  ) assertEquals(new Pattern(text).stem, stem);
});

/** How often work pauses. */
function pausesOf(work: PausedWork<unknown>): number {
  let count = 0;
  while (!work.next().done) count++;
  return count;
}

Deno.test("PatternMatcher pauses when it has looked at 100,000 characters, or has 5,000 patterns", () => {
  const pauses = (patterns: string[], length: number) => {
    const matcher = new PatternMatcher(patterns);
    return pausesOf(matcher.steps("z".repeat(length), matcher.root));
  };
  const many = (count: number, make: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => make(index));
  // A pattern without stars, or with one, costs the path's length.
  for (const make of [(n: number) => `a${n}`, (n: number) => `a${n}*b?`]) {
    assertEquals(pauses(many(100, make), 1000), 0);
    assertEquals(pauses(many(101, make), 1000), 1);
    assertEquals(pauses(many(201, make), 1000), 1);
    assertEquals(pauses(many(202, make), 1000), 2);
  }
  // One with two stars may look at each character once for each.
  assertEquals(pauses(["*a*b"], 316), 0);
  assertEquals(pauses(["*a*b"], 317), 1);
  assertEquals(pauses(["**/a*b"], 317), 1);
  assertEquals(pauses(["*a?b"], 317), 0);
  // More stars are tried all at once, with pauses of its own.
  assertEquals(pauses(["*a*b*c"], 1000), 0);
  assertEquals(pauses(many(5000, (n) => `a${n}`), 1), 0);
  assertEquals(pauses(many(5001, (n) => `a${n}`), 1), 1);
  // One that matches already is not asked again.
  const matcher = new PatternMatcher(many(300, () => "z*"));
  const path = "z".repeat(1000);
  const state = matcher.step(path, matcher.root);
  assertEquals(pausesOf(matcher.steps(`${path}/z`, state)), 0);
});

Deno.test("PatternMatcher gives the state of the folder again where nothing changes", () => {
  const matcher = new PatternMatcher(["a", "!a/b", "c*"]);
  const { root } = matcher;
  assertEquals([...root.each], [0, 0, 0]);
  assert(matcher.step("x", root) === root);
  assert(matcher.step("y", root) === root);
  const a = matcher.step("a", root);
  assertEquals([a.matched, ...a.each], [true, 1, 0, 0]);
  assert(matcher.step("a/x", a) === a);
  const b = matcher.step("a/b", a);
  assertEquals([b.matched, ...b.each], [false, 1, 1, 0]);
  assert(matcher.step("a/b/x", b) === b);
  assertEquals([...a.each, ...root.each], [1, 0, 0, 0, 0, 0]);
  // An exception is asked only about what is matched, and others only about what is not.
  assertEquals([...matcher.step("a/c", b).each], [1, 1, 0]);
  assertEquals([...matcher.step("ca", root).each], [0, 0, 1]);
});

Deno.test("PatternMatcher looks below folders for the patterns of each sort alone", () => {
  const matcher = new PatternMatcher(["a/x", "!b/y", " ", "c/*"]);
  const below = ["a", "b", "c", "a/x", "ab", "x"].map((folder) => [
    matcher.canMatchBelow(folder),
    matcher.canExceptionMatchBelow(folder),
  ]);
  assertEquals(below, [
    [true, false],
    [false, true],
    // By fsutil's reckoning, "c/*" is a plain path.
    [true, false],
    [true, false],
    [false, false],
    [false, false],
  ]);
});

Deno.test("trimSpace() takes off what Go takes for white space, and nothing else", () => {
  const spaces = [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0x85, 0xa0, 0x1680]
    .concat([0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007])
    .concat([0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000]);
  for (let code = 0; code < 0x10000; code++) {
    const letter = String.fromCharCode(code);
    const isSpace = spaces.includes(code);
    const text = `${letter}a ${letter}b${letter}`;
    assertEquals(trimSpace(text), isSpace ? text.slice(1, -1) : text);
    assertEquals(trimSpace(letter + letter), isSpace ? "" : letter + letter);
  }
  assertEquals(trimSpace(""), "");
});

Deno.test("cleanPath() cleans as Go's filepath.Clean does", () => {
  for (
    const [path, clean] of [
      ["", "."],
      [".", "."],
      ["./", "."],
      ["/", "/"],
      ["//", "/"],
      ["a", "a"],
      ["a/", "a"],
      ["a//b", "a/b"],
      ["./a", "a"],
      ["a/./b", "a/b"],
      ["a/../b", "b"],
      ["a/..", "."],
      ["..", ".."],
      ["../a", "../a"],
      ["../../a", "../../a"],
      ["a/../../b", "../b"],
      ["a/b/../../..", ".."],
      ["/..", "/"],
      ["/../a", "/a"],
      ["/a/../..", "/"],
      ["/a/b/../c", "/a/c"],
      ["...", "..."],
      ["a/.b", "a/.b"],
    ] as const
  ) assertEquals([path, cleanPath(path)], [path, clean]);
});

Deno.test("parseIgnoreFile() takes lines and files up to their limits", () => {
  const bytes = (length: number) =>
    "é".repeat(length / 2) + "x".repeat(length % 2);
  // The longest line, alone, with an LF, and behind others.
  for (const [before, behind] of [["", ""], ["", "\n"], ["a\nb\n", "\nc"]]) {
    const line = bytes(65_535);
    const patterns = parseIgnoreFile(before + line + behind);
    assert(patterns.includes(line));
    const number = before!.split("\n").length;
    assertThrows(
      () => parseIgnoreFile(before + bytes(65_536) + behind),
      ContextError,
      `line ${number} of the ignore file has 65536 bytes, and an engine takes 65535`,
    );
  }
  const most = 1024 * 1024;
  const file = "#\n".repeat(most / 2);
  assertEquals(parseIgnoreFile(file), []);
  assertThrows(
    () => parseIgnoreFile(`${file}a`),
    ContextError,
    `${most + 1} bytes, and davit takes ${most}`,
  );
  assertEquals(parseIgnoreFile(new TextEncoder().encode("a\nb")), ["a", "b"]);
});

Deno.test("parseIgnoreFile() knows comments, exceptions and marks where they stand", () => {
  for (
    const [text, patterns] of [
      ["", []],
      ["\n\n", []],
      ["a", ["a"]],
      ["a\n", ["a"]],
      ["a\n\nb", ["a", "b"]],
      ["#a\n #b\nc#", ["#b", "c#"]],
      ["\ufeffa\n\ufeffb", ["a", "\ufeffb"]],
      ["\ufeff#a", []],
      ["\ufeff\ufeffa", ["\ufeffa"]],
      ["/a\n/\n//\n/a/b/", ["a", "/", "/", "a/b"]],
      ["!/a\n! b \n!\n!/", ["!a", "!b", "!", "!/"]],
      ["./a/../b", ["b"]],
      ["../a", ["../a"]],
      [".", ["."]],
      ["\u0085a\u00a0", ["a"]],
    ] as const
  ) assertEquals([text, parseIgnoreFile(text)], [text, [...patterns]]);
});
