import { assert, assertEquals } from "../support/assert.ts";
import {
  describeFailures,
  FailureReader,
  type TestFailure,
} from "./test_failures.ts";

/** What `deno test` prints of two files, the first with an error at its top. */
const OUTPUT = `Uncaught error from ./a_test.ts \x1b[31mFAILED\x1b[0m
\x1b[38;5;245mrunning 4 tests from ./b_test.ts\x1b[0m
passes ... \x1b[32mok\x1b[0m (423µs)
ignored ... ignored (0ms)
fails => twice ...
------- output -------
ok | 1 passed | 0 failed (1ms)
----- output end -----
fails => twice ... \x1b[0m\x1b[31mFAILED\x1b[0m (8ms)
steps ...
  one ... FAILED (0ms)
steps ... FAILED (due to 1 failed step) (3ms)
after ... ok (1ms)

\x1b[1m\x1b[41m ERRORS \x1b[0m

./a_test.ts (uncaught error)
error: (in promise) Error: at the top
It most likely originated from top-level code.

fails => twice \x1b[38;5;245m=> ./b_test.ts:2:6\x1b[0m
\x1b[31merror\x1b[0m: Error: first line

last line => ./x.ts:1:1
    at file:///b_test.ts:2:72
    at innerWrapped (ext:cli/40_test.js:300:11)

steps ... one => ./b_test.ts:3:43
error: Error: of a step

 FAILURES 

./a_test.ts (uncaught error)

FAILED | 2 passed | 3 failed (1 step) | 1 ignored (704ms)

`;

/** What is read of `text`, which comes in pieces of 5 bytes. */
function read(text: string): TestFailure[] {
  const reader = new FailureReader();
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += 5) {
    reader.push(bytes.subarray(at, at + 5));
  }
  return reader.end();
}

Deno.test("FailureReader has each failed test with its place and its error, without colours", () => {
  assertEquals(read(OUTPUT), [
    {
      name: "uncaught error",
      place: "./a_test.ts",
      lines: [
        "error: (in promise) Error: at the top",
        "It most likely originated from top-level code.",
        "",
      ],
    },
    {
      name: "fails => twice",
      place: "./b_test.ts:2:6",
      lines: [
        "error: Error: first line",
        "",
        "last line => ./x.ts:1:1",
        "    at file:///b_test.ts:2:72",
        "",
      ],
    },
    {
      name: "steps ... one",
      place: "./b_test.ts:3:43",
      lines: ["error: Error: of a step", ""],
    },
  ]);
  assertEquals(read("running 1 test from ./a_test.ts\nx ... ok (1ms)\n"), []);
});

Deno.test("FailureReader has of a run that was broken off what failed, and what ran", () => {
  const told = (name: string, place: string, lines: string[] = []) => ({
    name,
    place,
    lines,
  });
  const running = ["It ran when the run was broken off."];
  const uncaught = told("uncaught error", "./a_test.ts");
  const inOutput = OUTPUT.slice(0, OUTPUT.indexOf("ok | 1"));
  assertEquals(read(inOutput), [
    uncaught,
    told("fails => twice", "./b_test.ts", running),
  ]);
  const atOnce = OUTPUT.slice(0, OUTPUT.indexOf(" \x1b[0m\x1b[31mFAILED"));
  assertEquals(read(atOnce), [
    uncaught,
    told("fails => twice", "./b_test.ts", running),
  ]);
  const inErrors = OUTPUT.slice(0, OUTPUT.indexOf(" FAILURES "));
  assertEquals(read(inErrors), [
    uncaught,
    told("fails => twice", "./b_test.ts"),
    told("steps", "./b_test.ts"),
  ]);
});

Deno.test("FailureReader leaves out what two values have in common", () => {
  const [failure] = read(
    [" ERRORS ", "", "a => ./a_test.ts:1:6", "error: Values are not equal."]
      .concat(["    before", "", "    [Diff] Actual / Expected", ""])
      .concat(Array.from({ length: 2000 }, () => "    same"))
      .concat([
        "-   1",
        "+   2",
        "    same",
        "",
        "    at file:///a_test.ts:1:1",
      ])
      .concat(["", " FAILURES ", "", "FAILED | 0 passed | 1 failed (1ms)", ""])
      .join("\n"),
  );
  assertEquals(failure!.lines, [
    ...["error: Values are not equal.", "    before", ""],
    ...["    [Diff] Actual / Expected", "", "-   1", "+   2", ""],
    ...["    at file:///a_test.ts:1:1", ""],
  ]);
});

Deno.test("FailureReader knows which test runs", () => {
  const reader = new FailureReader();
  const after = (text: string) => {
    reader.push(new TextEncoder().encode(text));
    return reader.running;
  };
  assertEquals(after("running 2 tests from ./a_test.ts\n"), "");
  assertEquals(after("a long one ..."), "a long one => ./a_test.ts");
  assertEquals(after("\n----- output"), "a long one => ./a_test.ts");
  assertEquals(after(" -----\na long one ... ok (1ms)\n"), "");
  assertEquals(after("b ..."), "b => ./a_test.ts");
  assertEquals(after(" ok (1ms)\n"), "");
});

const FAILURE = { name: "a test", place: "./a_test.ts:1:6" };

/** Lines `1` to `count`. */
function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index + 1}`);
}

Deno.test("describeFailures() tells the run where there are several, and nothing where nothing failed", () => {
  assertEquals(describeFailures([]), []);
  assertEquals(describeFailures([{ code: 0, failures: [] }]), []);
  const title = "on an old Deno";
  const failures = [{ ...FAILURE, lines: ["error: 1", ""] }];
  assertEquals(
    describeFailures([{ code: 1, failures }, { title, code: 1, failures }]),
    [
      "What failed:",
      "",
      "a test => ./a_test.ts:1:6",
      "error: 1",
      "",
      "a test => ./a_test.ts:1:6 (on an old Deno)",
      "error: 1",
      "",
    ],
  );
  assertEquals(describeFailures([{ title, code: 134, failures: [] }]), [
    "What failed:",
    "",
    "exit code 134 => no test (on an old Deno)",
    "",
  ]);
});

Deno.test("describeFailures() takes less than 100 lines, from the start and the end of each error", () => {
  const long = { ...FAILURE, lines: numbered(500) };
  const one = describeFailures([{ code: 1, failures: [long] }]);
  assertEquals(one.slice(3, -1), [
    ...numbered(26),
    "…",
    ...numbered(500).slice(-13),
  ]);
  const fits = { ...FAILURE, lines: numbered(40) };
  assertEquals(
    describeFailures([{ code: 1, failures: [fits] }]).slice(3, -1),
    numbered(40),
  );
  for (const count of [2, 7, 20, 27, 40, 80, 81, 1000]) {
    const failures = Array.from({ length: count }, () => long);
    const lines = describeFailures([{ code: 1, failures }]);
    assert(lines.length < 90, `${lines.length} lines for ${count} failures`);
    const named = lines.filter((line) => line.startsWith("a test =>")).length;
    assertEquals(named, Math.min(count, 80));
    assertEquals(
      lines.at(-1),
      count > 80 ? `and ${count - 80} more` : lines.at(-1),
    );
  }
  const wide = { ...FAILURE, name: "x".repeat(1000), lines: [] };
  const [, , header] = describeFailures([{ code: 1, failures: [wide] }]);
  assertEquals(header, `${"x".repeat(240)}… => ./a_test.ts:1:6`);
});

/** What `deno test` prints when no test can run. */
const BROKEN: readonly [output: string, place: string, lines: string[]][] = [
  [
    `\x1b[32mCheck\x1b[0m file:///w/a_test.ts
\x1b[1mTS2322 \x1b[0m[ERROR]: Type 'string' is not assignable to type 'number'.
const a: number = "x";
      ^
    at \x1b[36mfile:///w/a_test.ts\x1b[0m:\x1b[33m1\x1b[0m:7

\x1b[31merror\x1b[0m: Type checking failed.

  \x1b[33minfo:\x1b[39m The program failed type-checking.
  \x1b[36mhint:\x1b[39m Re-run with --no-check.

Stack backtrace:
   0: <unknown>
`,
    "file:///w/a_test.ts:1:7",
    [
      "TS2322 [ERROR]: Type 'string' is not assignable to type 'number'.",
      'const a: number = "x";',
      "error: Type checking failed.",
    ],
  ],
  [
    `error: SyntaxError: Expected ',', got '<eof>'
  |
1 | Deno.test("a", () => {
    at file:///w/c_test.ts:1:23
`,
    "file:///w/c_test.ts:1:23",
    ["error: SyntaxError: Expected ',', got '<eof>'"],
  ],
  [
    "error: Import 'file:///w/none_test.ts' failed, not found.\n",
    "no file",
    ["error: Import 'file:///w/none_test.ts' failed, not found."],
  ],
];

Deno.test("what keeps all tests from running is told with its file and the compiler's words", () => {
  for (const [output, place, words] of BROKEN) {
    const [failure, ...more] = read(output);
    assertEquals(more, []);
    assertEquals([failure?.name, failure?.place], ["before any test", place]);
    for (const line of words) assert(failure?.lines.includes(line), line);
    assert(
      !/Check|info:|hint:|backtrace|unknown/.test(failure!.lines.join("\n")),
    );
    const told = describeFailures([{ code: 1, failures: [failure!] }]);
    assertEquals(told[2], `before any test => ${place}`);
    assert(told.includes(words[0]!));
  }
});
