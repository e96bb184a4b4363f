import type { BuildEvent } from "../../lib/progress/event.ts";
import { findFailure } from "../../lib/progress/failure.ts";
import type { LineMessage } from "../../lib/progress/line_reader.ts";
import { PodmanTranslator } from "../../lib/progress/podman.ts";
import { PodmanLines } from "../../lib/progress/podman_lines.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { assertEquals } from "../support/assert.ts";

const ID = "0123456789abcdef".repeat(4);

/** What podman 4.3.1 says of two stages, of which one step is cached. */
const STAGES: readonly LineMessage[] = [
  {
    stream:
      'time="2026-11-29T12:36:04Z" level=warning msg="missing \\"Q\\" build argument. Try adding \\"--build-arg Q=<VALUE>\\" to the command line"\n',
  },
  { stream: "[1/2] STEP 1/3: FROM davit-test/base AS One\n" },
  { stream: "Trying to pull davit-test/base...\n" },
  { stream: "[1/2] STEP 2/3: RUN echo hi\n" },
  { stream: "to err\n" },
  { stream: "hi\nno newline" },
  { stream: "--> f478bed186d\n" },
  { stream: "[1/2] STEP 3/3: COPY a /\n" },
  { stream: `--> Using cache ${ID}\n` },
  { stream: "--> 0123456789a\n" },
  { stream: "[2/2] STEP 1/2: FROM davit-test/base\n" },
  { stream: "[2/2] STEP 2/2: RUN echo two\n" },
  { stream: "two\n" },
  { stream: "[2/2] COMMIT docker.io/library/a\n" },
  { stream: "--> 0123456789a\n" },
  { stream: "[Warning] one or more build args were not consumed: [NO]\n" },
  { stream: "Successfully tagged docker.io/library/a:latest\n" },
  { stream: `${ID}\n` },
  { aux: { ID: `sha256:${ID}` } },
  { stream: "Successfully built 0123456789ab\n" },
  { stream: "Successfully tagged a\n" },
];

function translated(
  messages: readonly LineMessage[],
): { readonly state: BuildState; readonly events: readonly BuildEvent[] } {
  let time = 0;
  const podman = new PodmanTranslator({ now: () => ++time });
  const state = new BuildState();
  const events = messages.flatMap((message) => podman.translate(message));
  for (const event of events) state.apply(event);
  return { state, events };
}

function logsOf(events: readonly BuildEvent[]): [string, string, string][] {
  return events.flatMap((event) =>
    event.type === "log" ? [[event.vertex, event.stream, event.text]] : []
  );
}

Deno.test("PodmanTranslator: steps, what they print, the cache, warnings, names", () => {
  const { state, events } = translated(STAGES);
  assertEquals(
    state.steps().map(({ digest, name, cached, completed }) => [
      digest,
      name,
      cached,
      completed !== undefined,
    ]),
    [
      ["step:1.1", "[one 1/3] FROM davit-test/base AS One", false, true],
      ["step:1.2", "[one 2/3] RUN echo hi", false, true],
      ["step:1.3", "[one 3/3] COPY a /", true, true],
      ["step:2.1", "[stage-1 1/2] FROM davit-test/base", false, true],
      ["step:2.2", "[stage-1 2/2] RUN echo two", false, true],
    ],
  );
  assertEquals(logsOf(events), [
    ["step:1.1", "stdout", "Trying to pull davit-test/base...\n"],
    ["step:1.2", "stdout", "to err\n"],
    ["step:1.2", "stdout", "hi\nno newline"],
    ["step:2.2", "stdout", "two\n"],
  ]);
  assertEquals(state.warnings.map(({ short }) => short), [
    'missing "Q" build argument. Try adding "--build-arg Q=<VALUE>" to the command line',
    "one or more build args were not consumed: [NO]",
  ]);
  assertEquals(state.image, {
    type: "image",
    id: `sha256:${ID}`,
    digest: undefined,
    names: ["a"],
  });
});

Deno.test("PodmanTranslator: a single stage has no name, and numbers are filled up", () => {
  const { state } = translated([
    { stream: "STEP 1/10: FROM a\n" },
    { stream: "STEP 2/10: RUN true\n" },
  ]);
  assertEquals(state.steps().map(({ name }) => name), [
    "[ 1/10] FROM a",
    "[ 2/10] RUN true",
  ]);
});

Deno.test("PodmanTranslator: stages that the target does not need are left out", () => {
  const { state } = translated([
    { stream: "[1/3] STEP 1/2: FROM a AS x\n" },
    { stream: "[1/3] STEP 2/2: RUN true\n" },
    { stream: "[3/3] STEP 1/1: FROM 0123456789ab\n" },
  ]);
  assertEquals(state.steps().map(({ name }) => name), [
    "[x 1/2] FROM a AS x",
    "[x 2/2] RUN true",
    "[stage-2 1/1] FROM 0123456789ab",
  ]);
});

Deno.test("PodmanTranslator: a program's words are no step unless they are the next one's", () => {
  const printed = [
    "STEP 5/9: FROM x\n",
    "STEP 2/3: RUN again\n",
    "STEP 3/4: RUN other total\n",
    "[2/2] STEP 1/1: FROM another\n",
    "--> not an id\n",
    "[Warning] of the program\n",
    "Successfully tagged by:program\n",
    'time="now" level=warning msg="of the program"\n',
  ];
  const { state, events } = translated([
    { stream: "STEP 1/3: FROM a\n" },
    { stream: "STEP 2/3: RUN print\n" },
    ...printed.map((stream) => ({ stream })),
    { stream: "--> 0123456789a\n" },
    { stream: "after what looks like the end\n" },
    {
      error:
        'building at STEP "RUN print": while running runtime: exit status 3\n',
    },
  ]);
  assertEquals(state.steps().length, 2);
  assertEquals(logsOf(events).map(([, , text]) => text), [
    ...printed,
    "after what looks like the end\n",
  ]);
  assertEquals(state.warnings, []);
});

Deno.test("PodmanTranslator tells the failed step; its exit code is in the sentence", () => {
  const detail =
    'building at STEP "RUN make": while running runtime: exit status 3\n';
  for (
    const message of [{ error: detail }, { errorDetail: { message: detail } }]
  ) {
    const { state } = translated([
      { stream: "STEP 1/2: FROM a\n" },
      { stream: "STEP 2/2: RUN make\n" },
      { stream: "compiling\n" },
      message,
    ]);
    assertEquals(findFailure(state, detail), {
      vertex: "step:1.2",
      name: "[2/2] RUN make",
      exitCode: 3,
      log: ["compiling"],
    });
  }
});

Deno.test("PodmanTranslator: what fails when all steps are done is no step's failure", () => {
  const { state } = translated([
    { stream: "STEP 1/1: FROM a\n" },
    { stream: "COMMIT a\n" },
    { error: "committing container: no space left on device\n" },
  ]);
  assertEquals(state.steps().map(({ error }) => error), [undefined]);
  assertEquals(translated([{ error: 'no stage "x"' }]).events, []);
});

Deno.test("PodmanLines: nothing behind the fixed words is podman's own", () => {
  const lines = new PodmanLines();
  for (
    const [own, rest] of [
      ["STEP 1/2: ", "FROM a\n"],
      ["[1/2] STEP 11/12: ", "RUN b\n"],
      ["[2/2] COMMIT", " a\n"],
      ["--> ", "0123456789ab\n"],
      ["--> ", `Using cache ${ID}\n`],
      ["Successfully tagged ", "a\n"],
      ["Successfully built ", "0123456789ab\n"],
      ["[Warning] ", "x"],
      ["", "hi\nSTEP 1/2: FROM a\n"],
      ["", ID],
    ] as const
  ) assertEquals(lines.ownLength(own + rest), own.length, own + rest);
});
