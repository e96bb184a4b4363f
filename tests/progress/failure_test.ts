import { formatExcerpt } from "../../lib/progress/excerpt.ts";
import { exitCodeOf, findFailure } from "../../lib/progress/failure.ts";
import { findPosition } from "../../lib/progress/position.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { assertEquals } from "../support/assert.ts";
import { dockerfileOf, errorOfTrace, stateOfTrace } from "./traces.ts";

interface Expected {
  readonly name: string | undefined;
  readonly exitCode: number | undefined;
  readonly log: readonly string[];
  readonly lines: readonly [number, number] | undefined;
}

const METADATA =
  "[internal] load metadata for localhost:1/davit-test/missing:latest";
const RUN = "[stage-1 1/2] RUN echo before &&     echo wrong >&2 &&     exit 7";

const FAILURES: readonly (readonly [string, Expected])[] = [
  ["failing_run", {
    name: RUN,
    exitCode: 7,
    log: ["before", "wrong"],
    lines: [7, 10],
  }],
  ["failing_copy", {
    name: "[3/3] COPY hello.txt missing.txt /data/",
    exitCode: undefined,
    log: [],
    lines: [3, 3],
  }],
  ["syntax_error", {
    name: undefined,
    exitCode: undefined,
    log: [],
    lines: [3, 3],
  }],
  ["unknown_stage", {
    name: undefined,
    exitCode: undefined,
    log: [],
    lines: undefined,
  }],
  ["missing_base", {
    name: METADATA,
    exitCode: undefined,
    log: [],
    lines: [1, 1],
  }],
];

for (const generation of ["20", "28"]) {
  for (const [name, expected] of FAILURES) {
    Deno.test(`findFailure() and findPosition() find ${name} of engine ${generation}`, () => {
      const trace = `${generation}_${name}`;
      const detail = errorOfTrace(trace);
      const failure = findFailure(stateOfTrace(trace), detail);
      assertEquals(failure.name, expected.name);
      assertEquals(failure.exitCode, expected.exitCode);
      assertEquals(failure.log, expected.log);
      const range = findPosition(dockerfileOf(name), {
        name: failure.name,
        detail,
      });
      assertEquals<unknown>(
        range && [range.start, range.end],
        expected.lines,
      );
    });
  }
}

Deno.test("the engines' error texts are these", () => {
  const texts = Object.fromEntries(
    ["20", "28"].flatMap((generation) =>
      FAILURES.map(([name]) => [
        `${generation} ${name}`,
        errorOfTrace(`${generation}_${name}`).replace(
          /ref \S+::\S+:/,
          "ref REF:",
        ),
      ])
    ),
  );
  const solve =
    "failed to solve with frontend dockerfile.v0: failed to create LLB definition: ";
  const refused = (scheme: string) =>
    `failed to do request: Head "${scheme}://localhost:1/v2/davit-test/missing/manifests/latest": dial tcp 127.0.0.1:1: connect: connection refused`;
  assertEquals(texts, {
    "20 failing_run":
      "executor failed running [/bin/sh -c echo before &&     echo wrong >&2 &&     exit 7]: exit code: 7",
    "20 failing_copy":
      'failed to compute cache key: "/missing.txt" not found: not found',
    "20 syntax_error":
      `${solve}dockerfile parse error line 3: unknown instruction: RUNN`,
    "20 unknown_stage": `${solve}target stage second could not be found`,
    "20 missing_base": solve + refused("http"),
    "28 failing_run":
      'process "/bin/sh -c echo before &&     echo wrong >&2 &&     exit 7" did not complete successfully: exit code: 7',
    "28 failing_copy":
      'failed to compute cache key: failed to calculate checksum of ref REF: "/missing.txt": not found',
    "28 syntax_error":
      "dockerfile parse error on line 3: unknown instruction: RUNN (did you mean RUN?)",
    "28 unknown_stage": 'target stage "second" could not be found',
    "28 missing_base":
      `localhost:1/davit-test/missing:latest: failed to resolve source metadata for localhost:1/davit-test/missing:latest: ${
        refused("https")
      }`,
  });
});

Deno.test("findFailure() finds a step whose error comes with its line ends escaped", () => {
  const failure = findFailure(
    stateOfTrace("28_heredoc"),
    errorOfTrace("28_heredoc"),
  );
  assertEquals(failure.name, "[2/2] RUN <<EOT (echo one...)");
  assertEquals(failure.exitCode, 3);
});

Deno.test("findFailure() names no step when several can be meant", () => {
  const state = new BuildState();
  for (const digest of ["a", "b"]) {
    state.apply({
      type: "vertex",
      digest,
      name: digest,
      inputs: [],
      cached: false,
      started: 1,
      completed: 2,
      error: "the same",
      group: undefined,
    });
  }
  assertEquals(findFailure(state, "failed: the same").name, undefined);
  assertEquals(findFailure(state, "something else").name, undefined);
});

Deno.test("findFailure() goes by the longest error that is a part of the sentence, or by the only failure", () => {
  const failed = (...errors: string[]) => {
    const state = new BuildState();
    for (const [at, error] of errors.entries()) {
      state.apply({
        type: "vertex",
        digest: `${at}`,
        name: `step ${at}`,
        inputs: [],
        cached: false,
        started: 1,
        completed: 2,
        error,
        group: undefined,
      });
      const bytes = new TextEncoder().encode(
        Array.from({ length: 11 }, (_, line) => `${line}\n`).join(""),
      );
      state.apply({
        type: "log",
        vertex: `${at}`,
        stream: "stdout",
        bytes,
        text: "",
        time: 1,
      });
    }
    return state;
  };
  const code = "did not complete successfully: exit code: 7";
  for (
    const [errors, detail, vertex, exitCode] of [
      [["no", `x ${code}`], `failed: x ${code}`, "1", 7],
      [["one", "two"], "failed: one", "0", undefined],
      [["a", "b is a"], "failed: b is a", "1", undefined],
      [["same", "same", "a"], "failed: same", undefined, undefined],
      // The only one is it, whatever the sentence says; one that was stopped is none.
      [[`x ${code}`], "something else", "0", 7],
      [["one", "context canceled"], "something else", "0", undefined],
      [["one", "two"], "something else", undefined, undefined],
      [[], "something else", undefined, undefined],
      [["a\nb", "c"], "failed: a\\nb", "0", undefined],
      [["a\\nb", "c"], "failed: a\nb", "0", undefined],
      [["a\nb", "c"], "failed: a\nb", "0", undefined],
      [[`x ${code}`], "exit: y returned a non-zero code: 9", "0", 9],
    ] as const
  ) {
    const failure = findFailure(failed(...errors), detail);
    const told = vertex === undefined ? { name: undefined, log: [] } : {
      name: `step ${vertex}`,
      // The last ten lines, as buildx tells them.
      log: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"],
    };
    assertEquals(failure, { vertex, exitCode, ...told }, errors.join());
  }
  assertEquals(findFailure(failed("a"), "a", { logLines: 2 }).log, ["9", "10"]);
  // The engine names the step: that is the one, whatever the sentence says.
  const two = failed("one", `x ${code}`);
  assertEquals(
    ["0", "1", "none"].map((vertex) => {
      const { name, ...failure } = findFailure(two, "failed: one", { vertex });
      return [failure.vertex, name, failure.exitCode];
    }),
    [
      ["0", "step 0", undefined],
      ["1", "step 1", 7],
      ["none", "step 0", undefined],
    ],
  );
  assertEquals(findFailure(failed(), "other", { vertex: "none" }), {
    vertex: "none",
    name: undefined,
    exitCode: undefined,
    log: [],
  });
});

Deno.test("exitCodeOf() reads the sentences of all builders", () => {
  assertEquals(exitCodeOf("executor failed running [x]: exit code: 12"), 12);
  assertEquals(
    exitCodeOf('process "a\nb" did not complete successfully: exit code: 3'),
    3,
  );
  assertEquals(exitCodeOf("The command 'x' returned a non-zero code: 2"), 2);
  assertEquals(exitCodeOf("exit code: 3"), undefined);
});

Deno.test("formatExcerpt() prints what buildx prints", () => {
  const dockerfile = dockerfileOf("failing_run");
  assertEquals(
    formatExcerpt(dockerfile, { start: 7, end: 10 }),
    `Dockerfile:7
--------------------
   6 |     # A comment between the lines.
   7 | >>> RUN echo before && \\
   8 | >>>     # inside of the instruction
   9 | >>>     echo wrong >&2 && \\
  10 | >>>     exit 7
  11 |     RUN echo never
--------------------`,
  );
  assertEquals(
    formatExcerpt("FROM a\nRUN false\n", { start: 1, end: 1 }, "x/Dockerfile"),
    `x/Dockerfile:1
--------------------
   1 | >>> FROM a
   2 |     RUN false
   3 |     
--------------------`,
  );
  assertEquals(formatExcerpt("FROM a", { start: 2, end: 2 }), "");
  assertEquals(formatExcerpt("FROM a", { start: 0, end: 1 }), "");
  // An end beyond the text is the text's: two lines are shown above it.
  assertEquals(
    formatExcerpt("a\nb\nc", { start: 3, end: 9 }),
    formatExcerpt("a\nb\nc", { start: 3, end: 3 }),
  );
  // A line with two above and below, several with one; never more than there are.
  const ten = Array.from({ length: 10 }, (_, at) => `line ${at + 1}`).join(
    "\n",
  );
  const shown = (start: number, end: number) =>
    formatExcerpt(ten, { start, end }).split("\n").slice(2, -1).map((line) =>
      /^ +(\d+) \| (>>>)?/.exec(line)!.slice(1).join("")
    ).join(" ");
  assertEquals(shown(5, 5), "3 4 5>>> 6 7");
  assertEquals(shown(5, 6), "4 5>>> 6>>> 7");
  assertEquals(shown(1, 1), "1>>> 2 3");
  assertEquals(shown(10, 10), "8 9 10>>>");
  assertEquals(shown(9, 99), "8 9>>> 10>>>");
  assertEquals(shown(5, 4), "3 4 5>>> 6 7");
});
