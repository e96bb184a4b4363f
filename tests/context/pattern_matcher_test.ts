import { parseIgnoreFile } from "../../lib/context/ignore_file.ts";
import {
  type MatchState,
  PatternMatcher,
} from "../../lib/context/pattern_matcher.ts";
import { ContextError } from "../../lib/errors.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { withinMs } from "../support/until.ts";

/** Asks from the root down. */
function matches(patterns: readonly string[], path: string): boolean {
  const matcher = new PatternMatcher(patterns);
  let state: MatchState = matcher.root;
  const parts = path.split("/");
  for (let count = 1; count <= parts.length; count++) {
    state = matcher.step(parts.slice(0, count).join("/"), state);
  }
  return state.matched;
}

const CASES: readonly (readonly [patterns: string, yes: string, no: string])[] =
  [
    ["a", "a a/b a/b/c", "b b/a ab"],
    ["*.log", "x.log .log", "d/x.log x.logs"],
    ["**/*.log", "x.log d/x.log d/e/x.log", "x.txt"],
    ["a/*/c", "a/b/c a/b/c/d", "a/c a/b/x/c"],
    ["a/**/c", "a/c a/b/c a/x/y/c", "a/b c"],
    ["a/**", "a/b a/b/c", "a ab"],
    ["**", "a a/b", ""],
    ["**/foo", "foo a/foo a/b/foo/x", "afoo a/xfoo"],
    ["a?c", "abc", "ac a/c abbc"],
    ["[a-c]x", "ax bx cx", "dx x"],
    ["[^a]x", "bx", "ax"],
    ["\\*", "*", "a"],
    ["* !keep", "a b/c", "keep keep/x"],
    ["d !d/keep", "d d/x", "d/keep d/keep/y"],
    ["d !d/keep d/keep/no", "d/x d/keep/no", "d/keep d/keep/yes"],
    ["!a a", "a a/b", "b"],
    ["a.c", "a.c", "abc"],
    ["a+(b){c}$", "a+(b){c}$", "aab"],
    ["**/a*b*c*d", "axbxcxd q/abcd", "abc axbxcx/d"],
    // `{`, `|` and `}` stand for themselves only where nothing else is a wildcard.
    ["*.log|*.tmp", "x.log x.logs d/x.tmp", "d/x.log x.tmps"],
    ["a|b", "a|b", "a b"],
    ["a|zz*", "a ab a/b b/zz", "b b/a"],
    ["x{2}*", "xx xxy xx/a", "x xyx"],
    ["?{2,3}", "ab abc", "a abcd"],
    ["[ab]{2,}", "aa abab", "a abc"],
    ["*{,2}", "x{,2}", "xx"],
    ["\\p{Lu}", "A É", "a AB"],
    ["\\p{^Lu}", "a 1", "A"],
    ["\\x{61}b*", "ab abc", "b"],
    ["\\Qab", "ab$ ab$c", "ab"],
  ];

Deno.test("PatternMatcher matches as moby's patternmatcher does", () => {
  for (const [patterns, yes, no] of CASES) {
    const list = patterns.includes("keep") || patterns === "!a a"
      ? patterns.split(" ")
      : [patterns];
    for (const path of yes.split(" ").filter(Boolean)) {
      assert(matches(list, path), `${patterns} should match ${path}`);
    }
    for (const path of no.split(" ").filter(Boolean)) {
      assert(!matches(list, path), `${patterns} should not match ${path}`);
    }
  }
});

Deno.test("PatternMatcher refuses malformed patterns in the engine's words", () => {
  assertThrows(
    () => new PatternMatcher(["!"]),
    ContextError,
    'illegal exclusion pattern: "!"',
  );
  for (const late of ["*{2}", "?{2,1}", "?{1001}", "\\p{X}", "*|{2}"]) {
    assertThrows(
      () => matches([late], "a"),
      ContextError,
      "syntax error in pattern",
    );
  }
  for (const pattern of ["[", "a[", "[]", "[a-", "x\\", "[a"]) {
    assertThrows(
      () => new PatternMatcher([pattern]),
      ContextError,
      "syntax error in pattern",
    );
  }
});

Deno.test("PatternMatcher takes no longer for hostile patterns", async () => {
  const matcher = new PatternMatcher([
    `${"*a".repeat(60)}b*`,
    `**/${"[^/]*".repeat(30)}x`,
  ]);
  // Some milliseconds; with backtracking it would be longer than a life.
  await withinMs(2000, () => {
    const began = performance.now();
    assert(!matcher.step("a".repeat(4000), matcher.root).matched);
    return Promise.resolve(performance.now() - began);
  });
});

Deno.test("PatternMatcher knows where no exception can match", () => {
  const matcher = new PatternMatcher([
    "*",
    "!src/**/*.ts",
    "!docs/*.md",
    "!a*/b/c",
  ]);
  const below = [
    "src",
    "src/x",
    "docs",
    "abc",
    "abc/b",
    "node_modules",
    "docs/x",
    "abc/x",
  ]
    .map((folder) => matcher.canExceptionMatchBelow(folder));
  assertEquals(below, [true, true, true, true, true, false, false, false]);
});

Deno.test("PatternMatcher looks below a folder where fsutil does, and nowhere else", () => {
  const below = (patterns: string[], folder: string) =>
    new PatternMatcher(patterns).canExceptionMatchBelow(folder);
  assert(below(["*", "!a/*/**"], "a"));
  assert(!below(["*", "!a/*/**"], "a/x"));
  assert(below(["*", "!a/*/**", "!b?"], "a/x"));
  assert(below(["*", "!^a/b*"], "a"));
  assert(below(["*", "!\ufeffa/b*"], "a"));
  assert(below(["*", "!x/y|a*"], "b"));
  assert(below(["*", "!a{1}/b*"], "a"));
});

Deno.test("PatternMatcher takes patterns with white space around them, as an engine's request may have them", () => {
  assert(matches([" a ", "\tb\n"], "a"));
  assert(matches([" a ", "\tb\n"], "b"));
  assert(matches(["./a/", "x/../b"], "a"));
  assert(matches(["./a/", "x/../b"], "b"));
});

Deno.test("parseIgnoreFile() reads lines as moby's ignorefile does", () => {
  const text =
    "\ufeff# comment\n a \r\n#x\n /b/ \n! c\n\n./d/../e\n!\n # f\n/\n";
  assertEquals(parseIgnoreFile(text), ["a", "b", "!c", "e", "!", "# f", "/"]);
  assertThrows(
    () => parseIgnoreFile("x".repeat(65_536)),
    ContextError,
    "65536 bytes",
  );
});
