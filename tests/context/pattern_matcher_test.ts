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
