import {
  builtSteps,
  type BuiltStepsOptions,
} from "../../lib/progress/built_steps.ts";
import { readInstructions } from "../../lib/progress/dockerfile.ts";
import {
  type BuildArgs,
  expand,
  expandKnown,
  globalArgs,
} from "../../lib/progress/variables.ts";
import { assertEquals } from "../support/assert.ts";

/** The commands of the `RUN` steps that are built; `?` behind those that may be. */
function runs(lines: readonly string[], options?: BuiltStepsOptions): string {
  return builtSteps(lines.join("\n"), options)
    .filter(({ text }) => /^RUN /i.test(text))
    .map(({ text, sure }) => text.slice(4) + (sure ? "" : "?"))
    .sort().join(" ");
}

const STAGES = [
  "FROM base AS One",
  "RUN 1",
  "FROM base AS two",
  "RUN 2",
  "FROM one AS three",
  "RUN 3",
  "FROM scratch AS four",
  "COPY --chown=0 --from=TWO /a /b",
  "RUN 4",
  "FROM scratch AS five",
  "RUN --mount=type=bind,from=three,target=/x 5",
  "FROM scratch",
  "COPY --from=1 / /",
  "COPY --from=image:1 / /",
];

Deno.test("builtSteps() follows FROM, COPY --from and mounts from the target", () => {
  for (
    const [target, expected] of [
      ["one", "1"],
      ["ONE", "1"],
      ["0", "1"],
      ["two", "2"],
      ["three", "1 3"],
      ["four", "2 4"],
      ["five", "--mount=type=bind,from=three,target=/x 5 1 3"],
      [undefined, "2"],
      ["", "2"],
      ["5", "2"],
      ["none", ""],
    ] as const
  ) assertEquals(runs(STAGES, { target }), expected, target);
});

Deno.test("builtSteps() runs nothing of a stage that a context by name replaces", () => {
  const replaced = (...contexts: string[]) =>
    runs(STAGES, { target: "five", contexts: new Set(contexts) });
  assertEquals(replaced(), "--mount=type=bind,from=three,target=/x 5 1 3");
  assertEquals(
    replaced("one", "base"),
    "--mount=type=bind,from=three,target=/x 5 3",
  );
  assertEquals(
    replaced("three"),
    "--mount=type=bind,from=three,target=/x 5",
  );
  assertEquals(replaced("five"), "");
  const triggers = ["FROM a AS b", "ONBUILD RUN 1", "FROM b", "RUN 2"];
  assertEquals(runs(triggers), "1 2");
  assertEquals(runs(triggers, { contexts: new Set(["b"]) }), "2");
});

Deno.test("builtSteps() takes the values of arguments that stand before the stages", () => {
  const lines = [
    "ARG KIND=one",
    'ARG OTHER="t" ALL=${OTHER}wo',
    "FROM base AS one",
    "RUN 1",
    "FROM base AS two",
    "RUN 2",
    "FROM base AS amd64",
    "RUN 3",
    "FROM ${KIND} AS a",
    "FROM $ALL AS b",
    "FROM $TARGETARCH AS c",
  ];
  assertEquals(runs(lines, { target: "a" }), "1");
  assertEquals(runs(lines, { target: "b" }), "2");
  const buildargs = { KIND: "two", TARGETARCH: null };
  assertEquals(runs(lines, { target: "a", buildargs }), "2");
  // Which one it is, the engine knows.
  assertEquals(runs(lines, { target: "c" }), "1? 2? 3?");
});

Deno.test("builtSteps() tells what is sure from what may be, whichever comes first", () => {
  const lines = (...copies: string[]) => [
    "FROM base AS one",
    "RUN 1",
    "FROM base AS two",
    "RUN 2",
    "FROM base AS three",
    "RUN 3",
    ...copies,
    "FROM base AS later",
    "RUN 4",
  ];
  const known = "COPY --from=two / /";
  const unknown = "COPY --from=$FROM / /";
  for (const copies of [[known, unknown], [unknown, known]]) {
    assertEquals(runs(lines(...copies), { target: "three" }), "1? 2 3");
  }
});

Deno.test("builtSteps() takes a stage that comes later for an image, and no stage twice", () => {
  const lines = [
    "FROM later AS a",
    "COPY --link=true --from=0 --from=a / /",
    "RUN 1",
    "FROM base AS true",
    "RUN 2",
    "FROM a AS later",
    "COPY --from=0 --from=a --from=3 --link=true / /",
    "RUN 3",
    "FROM base AS last",
    "RUN 4",
  ];
  assertEquals(runs(lines, { target: "a" }), "1");
  assertEquals(runs(lines, { target: "later" }), "1 3");
  assertEquals(runs(lines, { target: "4" }), "");
});

Deno.test("builtSteps() is quick with many stages whose bases can't be known", () => {
  const lines = Array.from(
    { length: 60 },
    (_, at) => `FROM $BASE AS s${at}\nRUN ${at}`,
  );
  assertEquals(runs(lines).split(" ").length, 60);
});

Deno.test("builtSteps() runs ONBUILD in the stages above, once", () => {
  const lines = [
    "FROM base AS a",
    "ONBUILD RUN trigger",
    "FROM a AS b",
    "RUN b",
    "FROM b AS c",
    "RUN c",
  ];
  assertEquals(runs(lines, { target: "a" }), "");
  assertEquals(runs(lines, { target: "b" }), "b trigger");
  assertEquals(runs(lines), "b c trigger");
});

Deno.test("builtSteps() reads continued lines, escape directives and here-documents", () => {
  assertEquals(
    runs([
      "# escape=`",
      "FROM base",
      "RUN --mount=type=secret,id=a `",
      "  # a comment",
      "  true",
      "RUN <<EOT",
      "RUN not a step",
      "EOT",
    ]),
    "--mount=type=secret,id=a   true <<EOT",
  );
  assertEquals(builtSteps(""), []);
});

Deno.test("globalArgs() reads what stands before the first FROM, and expand() puts it in", () => {
  const values = (buildargs: BuildArgs, ...lines: string[]) =>
    Object.fromEntries(
      globalArgs(readInstructions(lines.join("\n")), buildargs),
    );
  for (
    const [lines, buildargs, expected] of [
      [["ARG a=1 b=\"2\" c='3' d", "FROM x"], {}, { a: "1", b: "2", c: "3" }],
      [["ARG a=1", "ARG d"], { a: "2", d: "4" }, { a: "2", d: "4" }],
      [["ARG a=1"], { a: null, b: "2" }, { a: "1" }],
      [["ARG a=1", "ARG b=${a}2"], {}, { a: "1", b: "12" }],
      [["ARG a=1", "FROM x", "ARG b=2"], { b: "3" }, { a: "1" }],
      [["LABEL a=1", "ARG b=2"], {}, { b: "2" }],
      [["ARG a-b=1 c=2"], {}, { c: "2" }],
      // The keyword is no name.
      [["ARG a"], { ARG: "1" }, {}],
      [["ARG a="], {}, { a: "" }],
    ] as const
  ) assertEquals(values(buildargs, ...lines), expected, lines.join());
  const given = new Map([["set", "x"], ["empty", ""]]);
  for (
    const [text, all, known] of [
      ["a$set-${set}", "ax-x", "ax-x"],
      ["$empty$none.", ".", undefined],
      ["${set:-w}${empty:-w}${none:-w}", "xww", undefined],
      ["${set-w}${empty-w}", "xw", "xw"],
      ["${set:+w}${empty:+w}${none:+w}", "w", undefined],
      ["${set:-}${empty:-}${set:+}", "x", "x"],
      ["a", "a", "a"],
      ["$", "$", undefined],
    ] as const
  ) {
    assertEquals(expand(text, given), all, text);
    assertEquals(expandKnown(text, given), known, text);
  }
});
