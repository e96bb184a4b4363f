import {
  builtSteps,
  type BuiltStepsOptions,
} from "../../lib/progress/built_steps.ts";
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
