import { readInstructions } from "../../lib/progress/dockerfile.ts";
import { findPosition } from "../../lib/progress/position.ts";
import { assertEquals } from "../support/assert.ts";

function lines(dockerfile: string, name: string): number[] | undefined {
  const range = findPosition(dockerfile, { name });
  return range && [range.start, range.end];
}

Deno.test("readInstructions() follows continuations, comments and here-documents", () => {
  const dockerfile = [
    "# syntax=docker/dockerfile:1",
    "# escape=`",
    "FROM a AS one",
    "",
    "run x `",
    "  # comment",
    "",
    "  y",
    'COPY <<"EOF" <<-END /dst/',
    "FROM not",
    "EOF",
    "\ttext",
    "\tEND",
    "RUN z \\",
    "RUN last ``",
    "CMD end",
  ].join("\n");
  assertEquals(
    readInstructions(dockerfile).map((
      { keyword, start, end, heredoc },
    ) => [keyword, start, end, heredoc]),
    [
      ["FROM", 3, 3, false],
      ["RUN", 5, 8, false],
      ["COPY", 9, 13, true],
      ["RUN", 14, 14, false],
      ["RUN", 15, 15, false],
      ["CMD", 16, 16, false],
    ],
  );
});

Deno.test("readInstructions() takes any text", () => {
  const texts = [
    "",
    "\\",
    "RUN <<EOF",
    "RUN \\",
    "\ufeffFROM a",
    "FROM a\r\nRUN b\r\n",
  ];
  for (const text of texts) readInstructions(text);
  assertEquals(readInstructions("RUN a \\").map(({ end }) => end), [1]);
});

const STAGES = `ARG V=1
FROM alpine AS Base
RUN make
WORKDIR /src
RUN make
FROM base
ENV A=b
RUN make
COPY --from=base /x /y
`;

Deno.test("findPosition() tells equal instructions apart by stage and number", () => {
  const digest = `@sha256:${"a".repeat(64)}`;
  const expected: Record<string, number> = {
    "[base 2/4] RUN make": 3,
    "[base 3/4] WORKDIR /src": 4,
    "[base 4/4] RUN make": 5,
    "[stage-1 1/2] RUN make": 8,
    [`[base 1/4] FROM docker.io/library/alpine:latest${digest}`]: 2,
    "[linux/arm64 base 4/4] RUN make": 5,
    "[linux/amd64->arm64 stage-1 2/2] COPY --from=base /x /y": 9,
  };
  for (const [name, line] of Object.entries(expected)) {
    assertEquals(lines(STAGES, name), [line, line], name);
  }
});

Deno.test("findPosition() counts the ONBUILD instructions of the base image", () => {
  assertEquals(lines(STAGES, "[base 6/6] RUN make"), [5, 5]);
  assertEquals(lines(STAGES, "[base 2/6] ONBUILD RUN make"), undefined);
});

Deno.test("findPosition() counts as the classic builder does", () => {
  const dockerfile = "FROM a\nENV x=y\nRUN make\nENV z=1\nRUN make\n";
  assertEquals(lines(dockerfile, "[3/5] RUN make"), [3, 3]);
  assertEquals(lines(dockerfile, "[5/5] RUN make"), [5, 5]);
});

Deno.test("findPosition() says nothing when unsure", () => {
  assertEquals(lines(STAGES, "[base 3/3] RUN make"), undefined);
  assertEquals(lines(STAGES, "[4/9] RUN make"), undefined);
  assertEquals(lines(STAGES, "[base 2/4] RUN other"), undefined);
  assertEquals(lines(STAGES, "exporting to image"), undefined);
  assertEquals(lines(STAGES, ""), undefined);
  const twice = "FROM a AS x\nRUN y\nFROM a AS x\nRUN y";
  assertEquals(lines(twice, "[x 2/2] RUN y"), undefined);
  const detail = "dockerfile parse error on line 9: x";
  assertEquals(findPosition("FROM a", { detail }), undefined);
});

Deno.test("findPosition() allows for variables that were replaced", () => {
  const dockerfile =
    "FROM alpine:${TAG:-3}\nRUN echo $A ${B} end\nCOPY $SRC /\nCOPY $SRC /x";
  assertEquals(lines(dockerfile, "[2/4] RUN echo one two end"), [2, 2]);
  assertEquals(lines(dockerfile, "[2/4] RUN echo $A ${B} end"), [2, 2]);
  assertEquals(lines(dockerfile, "[3/4] COPY ./file /"), [3, 3]);
  assertEquals(lines(dockerfile, "[3/4] COPY ./file /y"), undefined);
  assertEquals(
    lines(
      dockerfile,
      "[internal] load metadata for docker.io/library/alpine:3",
    ),
    [1, 1],
  );
});

Deno.test("findPosition() is quick with many variables", () => {
  const dockerfile = `FROM x\nRUN ${"$a ".repeat(5000)}end`;
  const name = `[2/2] RUN ${"b ".repeat(20_000)}`;
  assertEquals(lines(dockerfile, name), undefined);
});

Deno.test("findPosition() finds the image that can't be had, wherever it is asked for", () => {
  const dockerfile =
    "FROM scratch AS one\nFROM alpine\nCOPY --from=one / /\nCOPY --from=busybox:1 / /\n";
  const metadata = (name: string) =>
    lines(dockerfile, `[internal] load metadata for docker.io/library/${name}`);
  assertEquals(metadata("alpine:latest"), [2, 2]);
  assertEquals(metadata("busybox:1"), [4, 4]);
  assertEquals(metadata("one:latest"), undefined);
});

function said(detail: string, ...dockerfile: string[]): number[] | undefined {
  const range = findPosition(dockerfile.join("\n"), { detail });
  return range && [range.start, range.end];
}

Deno.test("findPosition() goes by a sentence's words where one instruction can be meant", () => {
  const chmod =
    "invalid chmod parameter: '64a'. it should be octal string and between 0 and 07777";
  const copy = "COPY --chmod=64a a /";
  assertEquals(said(chmod, "FROM a", copy, copy), [2, 2]);
  // Another stage may not be built at all.
  assertEquals(said(chmod, "FROM a", copy, "FROM b", copy), undefined);
  // A variable may be anything, or not.
  assertEquals(said(chmod, "FROM a", "COPY --chmod=$M a /", copy), undefined);
  assertEquals(said(chmod, "FROM a", "COPY --chmod=$M a /"), [2, 2]);
  assertEquals(said(chmod, "FROM a", "RUN --chmod=64a a"), undefined);
  const process = (word: string) =>
    `failed to process ${JSON.stringify(word)}: a: is not allowed to be unset`;
  assertEquals(
    said(process("${a:?}"), "FROM a", "RUN echo ${a:?}", "USER ${a:?}"),
    [3, 3],
  );
  assertEquals(said(process("${a:?}"), "FROM a", "CMD ${a:?}"), undefined);
  assertEquals(
    said('failed to process "\\x00${a:?}": x', "FROM a", "USER ${a:?}"),
    undefined,
  );
  // Read from top to bottom: the first, in whatever stage.
  assertEquals(
    said(
      'unsupported mount type "x"',
      "FROM a",
      "RUN --mount=type=$T a",
      "RUN --mount=type=x a",
      "FROM b",
      "RUN --mount=type=x a",
    ),
    [3, 3],
  );
  assertEquals(
    said("ENV must have two arguments", "FROM a", "ENV a b", "ENV a=b"),
    undefined,
  );
  const noPair = `Syntax error - can't find = in "c". Must be of the form: a=b`;
  assertEquals(
    said(
      noPair,
      "FROM a",
      "ENV a='b c' d",
      "ENV a=b\\ c",
      "RUN a=b c",
      "ENV c d",
    ),
    undefined,
  );
  assertEquals(said("invalid stage index 7", "FROM a", "COPY --from=7 a b"), [
    2,
    2,
  ]);
  assertEquals(
    said("unterminated heredoc", "FROM a", 'RUN echo "a <<x"', "RUN <<y"),
    undefined,
  );
});

Deno.test("findPosition() finds no line in the words of a step", () => {
  const dockerfile = "FROM a\nEXPOSE 1\nRUN x";
  for (
    const words of [
      "dockerfile parse error on line 1: x",
      "Dockerfile:1",
      "invalid containerPort: 1",
    ]
  ) {
    assertEquals(
      findPosition(dockerfile, {
        name: "[2/2] RUN x",
        detail: `process "/bin/sh -c ${words}" did not complete successfully`,
      }),
      { start: 3, end: 3 },
    );
  }
});
