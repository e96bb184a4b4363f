import {
  opensHeredoc,
  readInstructions,
} from "../../lib/progress/dockerfile.ts";
import { findPosition, stepPositions } from "../../lib/progress/position.ts";
import { numberInstructions, readFrom } from "../../lib/progress/stages.ts";
import { matchesWritten } from "../../lib/progress/written.ts";
import { assert, assertEquals } from "../support/assert.ts";

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

Deno.test("readInstructions(): blanks, indents and where a here-document ends", () => {
  const read = (...lines: string[]) =>
    readInstructions(lines.join("\n")).map((
      { text, start, end, heredoc },
    ) => [text, start, end, heredoc]);
  assertEquals<unknown>(read("  ", "", " FROM a ", "\t", "\tRUN b"), [
    ["FROM a", 3, 3, false],
    ["RUN b", 5, 5, false],
  ]);
  assertEquals<unknown>(read("RUN a \\", "   ", "\t# c", "  b", "CMD c"), [
    ["RUN a   b", 1, 4, false],
    ["CMD c", 5, 5, false],
  ]);
  for (const word of ["EOF", '"EOF"', "'EOF'", "-EOF"]) {
    assertEquals<unknown>(read(`RUN <<${word}`, "EOF", "CMD c"), [
      [`RUN <<${word}`, 1, 2, true],
      ["CMD c", 3, 3, false],
    ], word);
  }
  assertEquals<unknown>(
    read("ONBUILD COPY <<A <<B /", "B", "A", "B", "CMD c"),
    [
      ["ONBUILD COPY <<A <<B /", 1, 4, true],
      ["CMD c", 5, 5, false],
    ],
  );
  // Without an end, and where none can be.
  assertEquals<unknown>(read("RUN <<A <<B", "A", "CMD c"), [
    ["RUN <<A <<B", 1, 1, false],
    ["A", 2, 2, false],
    ["CMD c", 3, 3, false],
  ]);
  assertEquals<unknown>(read("RUN <<A <<B", "B", "CMD c"), [
    ["RUN <<A <<B", 1, 1, false],
    ["B", 2, 2, false],
    ["CMD c", 3, 3, false],
  ]);
  assertEquals<unknown>(read("ENV a=<<A", "A"), [
    ["ENV a=<<A", 1, 1, false],
    ["A", 2, 2, false],
  ]);
  assertEquals<unknown>(read("RUN a", "RUN b"), [
    ["RUN a", 1, 1, false],
    ["RUN b", 2, 2, false],
  ]);
});

Deno.test("opensHeredoc() looks at the instructions that can", () => {
  for (
    const [text, opens] of [
      ["RUN <<A", true],
      ["RUN a 3<<-A", true],
      ["onbuild run <<A", true],
      ["RUN a", false],
      ["RUN a<<A", false],
      ["ENV a= <<A", false],
    ] as const
  ) assertEquals([text, opensHeredoc(text)], [text, opens]);
});

Deno.test("numberInstructions() counts layers in each stage, as BuildKit does, and all instructions", () => {
  const counted = (...lines: string[]) =>
    numberInstructions(readInstructions(lines.join("\n"))).map((
      { stage, number, total, step, steps },
    ) => `${stage} ${number}/${total} ${step}/${steps}`);
  assertEquals(
    counted(
      "ARG A",
      "FROM --platform=linux/a later AS One",
      "ENV a=b",
      "RUN a",
      "FROM scratch",
      "COPY a /",
      "WORKDIR /b",
      "FROM one as Later",
      "ADD a /",
      "FROM LATER",
      "RUN b",
    ),
    [
      "one 1/2 2/11",
      "one 0/2 3/11",
      "one 2/2 4/11",
      "stage-1 0/2 5/11",
      "stage-1 1/2 6/11",
      "stage-1 2/2 7/11",
      "later 0/1 8/11",
      "later 1/1 9/11",
      "stage-3 0/1 10/11",
      "stage-3 1/1 11/11",
    ],
  );
  for (
    const [text, base, name] of [
      ["FROM", "", undefined],
      ["FROM a", "a", undefined],
      ["FROM a AS", "a", undefined],
      ["FROM a as B", "a", "b"],
      ["FROM a b C", "a", undefined],
      ["FROM --platform=x a AS b", "a", "b"],
    ] as const
  ) assertEquals(readFrom(text), { base, name }, text);
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

Deno.test("findPosition() reads numbers that BuildKit has put in columns", () => {
  const repeated = [
    "FROM a AS x",
    ...Array.from({ length: 10 }, () => "RUN echo 3/11] y"),
    "RUN z",
  ].join("\n");
  const unnamed = repeated.replace(" AS x", "");
  for (
    const [dockerfile, name, line] of [
      [unnamed, "[ 1/12] FROM a", 1],
      [unnamed, "[ 3/12] RUN echo 3/11] y", 3],
      [unnamed, "[11/12] RUN echo 3/11] y", 11],
      [unnamed, "[linux/arm64  4/12] RUN echo 3/11] y", 4],
      [repeated, "[x  5/12] RUN echo 3/11] y", 5],
      [repeated, "[linux/arm64 x  6/12] RUN echo 3/11] y", 6],
    ] as const
  ) assertEquals(lines(dockerfile, name), [line, line], name);
});

Deno.test("findPosition() counts the ONBUILD instructions of the base image", () => {
  assertEquals(lines(STAGES, "[base 6/6] RUN make"), [5, 5]);
  assertEquals(lines(STAGES, "[base 2/6] ONBUILD RUN make"), undefined);
  assertEquals(lines(STAGES, "[stage-1 3/4] RUN make"), [8, 8]);
  // Whatever its number, if nothing else has its words.
  assertEquals(lines(STAGES, "[base 7/7] WORKDIR /src"), [4, 4]);
});

/** The lines of a step of a builder that counts all instructions. */
function linesOfAll(dockerfile: string, name: string) {
  const range = findPosition(dockerfile, { name, countsAll: true });
  return range && [range.start, range.end];
}

Deno.test("findPosition() counts as the classic builder does", () => {
  const dockerfile = "FROM a\nENV x=y\nRUN make\nENV z=1\nRUN make\n";
  assertEquals(linesOfAll(dockerfile, "[3/5] RUN make"), [3, 3]);
  assertEquals(linesOfAll(dockerfile, "[5/5] RUN make"), [5, 5]);
  // What makes no layer has a number here, too.
  const same = "FROM a\nENV x=y\nENV x=y\nRUN make\n";
  assertEquals(linesOfAll(same, "[2/4] ENV x=y"), [2, 2]);
  assertEquals(linesOfAll(same, "[3/4] ENV x=y"), [3, 3]);
  // As if BuildKit counted, it would be the step before.
  const last = "FROM a\nRUN make\nRUN make\nENV x=y\n";
  assertEquals(linesOfAll(last, "[3/4] RUN make"), [3, 3]);
  assertEquals(linesOfAll(last, "[2/4] RUN make"), [2, 2]);
  // Of several stages, and up to a target.
  const stages = "FROM a AS x\nRUN y\nFROM a AS z\nRUN y\nFROM a\nRUN y\n";
  assertEquals(linesOfAll(stages, "[4/6] RUN y"), [4, 4]);
  assertEquals(linesOfAll(stages, "[4/4] RUN y"), [4, 4]);
});

Deno.test("findPosition() counts as podman does, within a stage", () => {
  const stages = "FROM a AS x\nENV b=c\nRUN y\nRUN y\nFROM a\nRUN y\nRUN y\n";
  assertEquals(linesOfAll(stages, "[x 3/4] RUN y"), [3, 3]);
  assertEquals(linesOfAll(stages, "[x 4/4] RUN y"), [4, 4]);
  assertEquals(linesOfAll(stages, "[stage-1 2/3] RUN y"), [6, 6]);
  assertEquals(linesOfAll(stages, "[stage-1 3/3] RUN y"), [7, 7]);
  // A label of the request comes last, an ONBUILD of the base first: which of
  // them makes the number larger can't be seen.
  assertEquals(linesOfAll(stages, "[x 4/5] RUN y"), undefined);
  assertEquals(linesOfAll(stages, "[x 5/5] RUN y"), [4, 4]);
  assertEquals(
    linesOfAll("FROM a AS x\nRUN y\nFROM x\nRUN z", "[stage-1 2/3] RUN z"),
    [4, 4],
  );
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

Deno.test("findPosition() tells a platform from a stage's name", () => {
  const two = "FROM a AS x\nRUN y\nFROM a AS z\nRUN y\n";
  for (
    const [label, line] of [
      ["x ", 2],
      ["z ", 4],
      ["linux/arm64 x ", 2],
      ["linux/arm64 Z ", 4],
    ] as const
  ) assertEquals(lines(two, `[${label}2/2] RUN y`), [line, line], label);
  assertEquals(lines(two, "[linux/arm64 2/2] RUN y"), undefined);
  assertEquals(lines("FROM a\nRUN y", "[linux/arm64 2/2] RUN y"), [2, 2]);
});

Deno.test("findPosition() compares words, whatever blanks are between; of a here-document the beginning", () => {
  assertEquals(lines("FROM a\nrun  a \\\n  b", "[2/2] RUN a b "), [2, 3]);
  assertEquals(lines("FROM a\nRUN a", "[2/2] RUN a (b...)"), undefined);
  assertEquals(lines("FROM a\nRUN <<A\nb\nA", "[2/2] RUN <<A (b...)"), [2, 4]);
});

Deno.test("findPosition() finds an instruction whose quotes BuildKit has taken away", () => {
  const dockerfile = [
    "FROM base",
    'COPY ["a b", "./", "/app"]',
    'WORKDIR "/a b"',
    "add <<'EOF' /c",
    "EOF",
    'RUN ["make"]',
  ].join("\n");
  const lineOf = (name: string) => findPosition(dockerfile, { name })?.start;
  assertEquals(lineOf("[2/5] COPY [a b, ./, /app]"), 2);
  assertEquals(lineOf("[3/5] WORKDIR /a b"), 3);
  assertEquals(lineOf("[4/5] ADD <<EOF /c"), 4);
  // Those of a RUN are kept: there they are a shell's.
  assertEquals(lineOf("[5/5] RUN [make]"), undefined);
  assertEquals(lineOf('[5/5] RUN ["make"]'), 6);
});

Deno.test("findPosition() finds the line that names a frontend which can't be had", () => {
  const name = (image: string) => `resolve image config for ${image}`;
  const named = "docker-image://docker.io/docker/dockerfile:1";
  const syntax = "# syntax = docker/dockerfile:1";
  assertEquals(lines(`${syntax}\nFROM a`, name(named)), [1, 1]);
  assertEquals(lines(`# escape=\\\n${syntax}\nFROM a`, name(named)), [2, 2]);
  assertEquals(lines(syntax, name("docker.io/docker/dockerfile:1")), [1, 1]);
  assertEquals(lines(syntax, name("docker.io/docker/dockerfile:2")), undefined);
  assertEquals(lines("FROM a", name(named)), undefined);
  assertEquals(lines(syntax, "exporting to image"), undefined);
});

Deno.test("findPosition() finds the line of a wrong # escape=", () => {
  const token = "invalid escape token 'x' does not match ` or \\";
  const twice = "only one escape parser directive can be used";
  const file = ["# check=skip=all", "#Escape = x", "# escape=`", "FROM a"];
  assertEquals(said(token, ...file), [2, 2]);
  assertEquals(said(`LLB definition: ${twice}`, ...file), [3, 3]);
  assertEquals(said(twice, "# escape=x", "FROM a"), undefined);
  assertEquals(said(token, "FROM a", "RUN escape=x"), undefined);
});

Deno.test("findPosition() finds what an engine of the 20.10 line asks for, by the names of its steps", () => {
  const file =
    "FROM a\nCOPY --from=b:1 / /\nADD https://c.example/d /\nRUN https://e\nADD $U /e\n";
  assertEquals(lines(file, "FROM docker.io/library/b:1"), [2, 2]);
  assertEquals(lines(file, "FROM docker.io/library/c:1"), undefined);
  assertEquals(lines("FROM a\nRUN x", "say FROM a"), undefined);
  const without = file.replace("ADD $U /e\n", "");
  assertEquals(lines(without, "https://c.example/d"), [3, 3]);
  assertEquals(lines(without, "https://e"), undefined);
  assertEquals(lines(file, "https://x.example/y"), [5, 5]);
  // Either of them may be meant.
  assertEquals(lines(file, "https://c.example/d"), undefined);
  assertEquals(lines("FROM a\nADD https://c d\n", "x https://c"), undefined);
  assertEquals(
    lines("FROM a\nADD git://c.example/d.git /\n", "git://c.example/d.git"),
    [2, 2],
  );
});

Deno.test("findPosition() goes by the line that a sentence names, within its instruction", () => {
  const file = ["FROM a", "RUN a \\", "  b \\", "  c", "RUN d"];
  for (
    const [detail, found] of [
      ["dockerfile parse error line 1: x", [1, 1]],
      ["dockerfile parse error on line 5: x", [5, 5]],
      ["Syntax error on line 2", [2, 4]],
      ["Dockerfile:2", [2, 4]],
      ["Dockerfile:3", [3, 3]],
      ["dockerfile parse error on line 4: x", [4, 4]],
      ["dockerfile parse error on line 6: x", undefined],
    ] as const
  ) assertEquals(said(detail, ...file), found && [...found], detail);
  const none = "the Dockerfile is a file with no instructions";
  assertEquals(said(none, "# a", "# b"), [2, 2]);
  assertEquals(said(none, "# a", ""), [1, 1]);
  assertEquals(said(none, "# a", "", ""), [2, 2]);
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

Deno.test("matchesWritten() puts anything in the place of variables, in order and without overlap", () => {
  for (
    const [written, text, matches] of [
      ["a", "a", true],
      ["a", "ab", false],
      ["a$b", "a", true],
      ["a$b", "ax", true],
      ["a$b", "xa", false],
      ["$b c", "x c", true],
      ["$b c", "x d", false],
      ["a${b}c", "axc", true],
      ["a${b}a", "a", false],
      ["a${b}a", "aa", true],
      ["a$b-$c-d", "a-x-d", true],
      ["a$b-$c-d", "a1-2-d", true],
      ["a$b-$c-d", "a1-d", false],
      ["a$b-$c-d", "a1-2-d2", false],
      ["$a-$b", "-", true],
      ["$a-$b-$c", "-", false],
      ["$a-$b-$c", "--", true],
      ["$a-${b}x-$c", "1-2x-3", true],
      ["$a-${b}x-$c", "1x-3-", false],
      ["$a.$b.$c.", "x.y.z", false],
      ["", "", true],
    ] as const
  ) {
    assertEquals(matchesWritten(written, text), matches, `${written} ${text}`);
  }
});

Deno.test("findPosition() is quick with many variables", () => {
  const dockerfile = `FROM x\nRUN ${"$a ".repeat(5000)}end`;
  const name = `[2/2] RUN ${"b ".repeat(20_000)}`;
  assertEquals(lines(dockerfile, name), undefined);
});

Deno.test("findPosition() is quick with any name, and with many instructions", () => {
  const begin = performance.now();
  for (
    const name of [
      `[a${" ".repeat(100_000)}`,
      `[${"1".repeat(100_000)}`,
      `[${"1/".repeat(100_000)}] RUN x`,
      `[2/2] RUN <<E${" (".repeat(100_000)}`,
    ]
  ) assertEquals(lines("FROM a\nRUN <<E\nx\nE\n", name), undefined);
  const count = 2000;
  const copies = Array.from(
    { length: count },
    (_, at) => `COPY ["a ${at}", "/b/"]`,
  );
  const find = stepPositions(["FROM a", ...copies].join("\n"));
  for (let at = 0; at < count; at++) {
    const name = `[stage-0 ${at + 2}/${count + 1}] COPY [a ${at}, /b/]`;
    assertEquals(find(name)?.start, at + 2);
  }
  assert(performance.now() - begin < 5000);
});

Deno.test("findPosition() finds the image that can't be had, wherever it is asked for", () => {
  const dockerfile =
    "FROM scratch AS one\nFROM alpine\nCOPY --from=one / /\nCOPY --from=busybox:1 / /\n";
  const metadata = (name: string) =>
    lines(dockerfile, `[internal] load metadata for docker.io/library/${name}`);
  assertEquals(metadata("alpine:latest"), [2, 2]);
  assertEquals(metadata("busybox:1"), [4, 4]);
  assertEquals(metadata("one:latest"), undefined);
  const name = "[internal] load metadata for docker.io/library/a:latest";
  // In one stage the first is as good as any; of several stages one may not be built.
  const twice = "FROM b\nCOPY --from=a / /\nCOPY --from=a / /\n";
  assertEquals(lines(twice, name), [2, 2]);
  assertEquals(lines("FROM a\nFROM a\n", name), undefined);
  assertEquals(lines("FROM b\nCOPY --from=b / /\n", name), undefined);
  // What is a stage by then is no image.
  assertEquals(lines("FROM a AS a\nFROM a\n", name), [1, 1]);
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

Deno.test("findPosition(): every sentence, and what else looks like its instruction", () => {
  for (
    const [detail, file, line] of [
      ["no build stage in current context", ["ARG a", "RUN b", "FROM c"], 2],
      ["ENV must have two arguments", ["FROM a", "LABEL b", "ENV b"], 3],
      ["LABEL must have two arguments", ["FROM a", "LABEL b", "ENV b"], 2],
      [
        `Syntax error - can't find = in "c". Must be of the form: a=b`,
        ["FROM a", "ENV b=x d", "ENV b=x c", "ENV b=x d c"],
        3,
      ],
      [
        "base name (${B}) should not be blank",
        ["ARG ${B}", "FROM a AS ${B}", "FROM ${B}"],
        3,
      ],
      [
        "empty platform value from expression $P",
        ["FROM a", "COPY --platform=$P a b", "FROM --platform=$P a"],
        3,
      ],
      [
        "failed to parse platform x/y/z/w: no",
        ["FROM a", "FROM --platform=x a", "FROM --platform=x/y/z/w a"],
        3,
      ],
      [
        "invalid secret mount. one of source, target required",
        [
          "FROM a",
          ...["id", "source", "src", "target", "dst", "destination", "env"].map(
            (key) => `RUN --mount=type=secret,${key}=x a`,
          ),
          "RUN --mount=type=cache a",
          "RUN --mount=type=secret,required=true a",
          "RUN --mount=type=secret a",
        ],
        10,
      ],
      [
        "when using JSON array syntax, arrays must be comprised of strings only",
        [
          "FROM a",
          'CMD ["a", "b"]',
          "RUN [ a ]",
          "RUN {}",
          'RUN ["a", 1]',
          "RUN [1]",
        ],
        5,
      ],
      [
        "failed to marshal LLB definition: arguments are required",
        ["FROM a", "CMD []", 'RUN [""]', "RUN a[]", "RUN [ ]", "RUN []"],
        5,
      ],
      [
        'invalid port: "80/x": invalid proto: x',
        ["FROM x", "EXPOSE x 80/y", "EXPOSE 81/tcp 80/x", "EXPOSE 82/x"],
        3,
      ],
      [
        "LLB definition: Invalid proto: x",
        ["FROM a", "LABEL /x", "EXPOSE 1/x"],
        3,
      ],
      [
        "circular dependency detected on stage: stage-1",
        [
          "FROM a",
          "COPY --from=1 a b",
          "FROM b",
          "COPY --from=0 a b",
          "COPY --from=1 a b",
          "RUN c",
        ],
        5,
      ],
      [
        "circular dependency detected on stage: B",
        [
          "FROM a",
          "COPY --from=b a b",
          "FROM b AS b",
          "RUN --mount=from=B,target=/x a",
          "COPY --from=1 a b",
          "COPY --from=c a b",
          "FROM c AS c",
          "COPY --from=b a b",
        ],
        5,
      ],
      [
        'unsupported mount type "x"',
        ["FROM a", "COPY --mount=type=x a b", "RUN --mount=type=x a"],
        3,
      ],
      [
        'unsupported sharing value "x"',
        ["FROM a", "RUN --mount=sharing=y a", "RUN --mount=b,sharing=x a"],
        3,
      ],
      [
        "unexpected key 'x' in 'x=y'",
        ["FROM a", "RUN --mount=x=z a", "RUN --mount=x=y a"],
        3,
      ],
      [
        "invalid field 'x' must be a key=value pair",
        ["FROM a", "RUN --mount=xy a", "RUN --mount=x a"],
        3,
      ],
      [
        "invalid value for mode: 9z",
        ["FROM a", "RUN --mount=mode=9 a", "RUN --mount=mode=9z a"],
        3,
      ],
      [
        "invalid value maybe for required",
        ["FROM a", "RUN --mount=required=no a", "RUN --mount=required=maybe a"],
        3,
      ],
      ...[
        "type=cache",
        "type=bind,source=/x",
        "from=a",
        "type=tmpfs,target=",
        "type=tmpfs,dst=/",
        "destination=/",
      ].map((fields) =>
        [
          'invalid mount target "/"',
          [
            "FROM a",
            "RUN --mount=type=secret b",
            "RUN --mount=type=ssh b",
            "RUN --mount=target=/x b",
            "RUN --mount=type=cache,dst=/x b",
            "RUN --mount=type=cache,destination=/x b",
            `RUN --mount=${fields} b`,
          ],
          7,
        ] as const
      ),
      [
        "invalid chmod parameter: '9'. it should",
        ["FROM a", "ADD --chown=9 a b", "ADD --chmod=9 a b"],
        3,
      ],
      ...["invalid checksum digest format", "checksum requires HTTP(S)"].map(
        (detail) =>
          [
            detail,
            ["FROM a", "COPY --checksum=x a b", "ADD --checksum=x a b"],
            3,
          ] as const,
      ),
      [
        'failed to parse stage name "B:": no',
        ["FROM a AS b", "RUN B:", "FROM B:"],
        3,
      ],
      // Both stand in one stage, where the first comes first.
      [
        'failed to parse stage name "B:": no',
        ["FROM a", "FROM B:", "COPY --from=B: c d"],
        2,
      ],
      [
        'failed to parse stage name "B:": no',
        ["FROM a", "RUN --mount=from=B:,target=/x c"],
        2,
      ],
      [
        'cannot copy from stage "b", it needs to be defined before',
        ["FROM b", "COPY --chown=b a b", "COPY --from=b a b"],
        3,
      ],
      [
        "invalid stage index 7",
        ["FROM 7", "RUN --mount=source=7 a", "RUN --mount=from=7 a"],
        3,
      ],
      [
        "invalid containerPort: b",
        ["FROM a", "RUN b", "EXPOSE 1 c/udp", "EXPOSE 1 b/udp"],
        4,
      ],
      [
        "invalid containerPort: EXPOSE",
        ["FROM a", "EXPOSE 1", "EXPOSE EXPOSE"],
        3,
      ],
      [
        "invalid signal: b",
        ["FROM a", "USER b", "STOPSIGNAL c b", "STOPSIGNAL b"],
        4,
      ],
      [
        'failed to process "$b": no',
        ["FROM a", "RUN $b", "CMD $b", "RUN --mount=target=$b c"],
        4,
      ],
    ] as [string, string[], number][]
  ) assertEquals(said(detail, ...file), [line, line], detail);
  for (
    const [detail, ...file] of [
      ['failed to process "": no', "FROM a", "USER b"],
      ['failed to process "\\x00": no', "FROM a", "USER undefined"],
      ["invalid signal: ", "FROM a", "STOPSIGNAL"],
      ["invalid stage index 7", "FROM 7", "RUN --mount=source=7 a"],
      ["another sentence", "FROM a"],
      [
        "circular dependency detected on stage: b",
        "FROM a",
        "COPY --from=0 a b",
      ],
      [
        "arrays must be comprised of strings only",
        "FROM a",
        'CMD ["a"]',
        "CMD [x",
      ],
      [
        "invalid secret mount. one of source, target required",
        "FROM a",
        "RUN --mount=type=cache a",
      ],
    ] as const
  ) assertEquals(said(detail, ...file), undefined, detail);
  // It goes on to the end of the file.
  assertEquals(
    said("unterminated heredoc", "FROM a", "RUN <<b", "c", "RUN d"),
    [2, 4],
  );
  assertEquals(
    said("unterminated heredoc", "FROM a", "RUN <<b", "RUN <<c"),
    undefined,
  );
  assertEquals(
    said("unterminated heredoc", "FROM a", "RUN <<a", "a", "RUN <<b", "c"),
    [4, 5],
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
