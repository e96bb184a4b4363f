/** The parts that timings are made of. */
import { criticalPath } from "../../lib/timings/critical_path.ts";
import { lanesOf } from "../../lib/timings/lanes.ts";
import { lineTimes } from "../../lib/timings/line_times.ts";
import {
  briefWords,
  nodesIn,
  readStepName,
} from "../../lib/timings/step_name.ts";
import { segmentsOf } from "../../lib/timings/strip.ts";
import { tickOf, ticksOf } from "../../lib/timings/ticks.ts";
import {
  escaped,
  fitted,
  shortened,
  visible,
  wrapped,
} from "../../lib/timings/visible.ts";
import { assertEquals } from "../support/assert.ts";
import { timingsOf } from "./recorded.ts";

Deno.test("what stands in the name of a step", () => {
  const cases: [
    name: string,
    node: string | undefined,
    platform: string | undefined,
    stage: string | undefined,
    words: string,
  ][] = [
    ["RUN make", undefined, undefined, undefined, "RUN make"],
    ["[2/5] RUN make", undefined, undefined, undefined, "RUN make"],
    ["[build 2/5] RUN a\nb", undefined, undefined, "build", "RUN a\nb"],
    [
      "[linux/arm/v7 2/5] RUN [x] y",
      undefined,
      "linux/arm/v7",
      undefined,
      "RUN [x] y",
    ],
    ["[linux/amd64 b 12/15] RUN", undefined, "linux/amd64", "b", "RUN"],
    ["[linux/amd64->arm64 b 1/2] R", undefined, "linux/amd64->arm64", "b", "R"],
    ["[internal] load x", undefined, undefined, "internal", "load x"],
    [
      "[linux/amd64 internal] load x",
      undefined,
      "linux/amd64",
      "internal",
      "load x",
    ],
    ["[context a b] load x", undefined, undefined, "context a b", "load x"],
    ["[n1 internal] load x", "n1", undefined, "internal", "load x"],
    ["[n1 2/5] RUN make", "n1", undefined, undefined, "RUN make"],
    [
      "[n1] exporting to image",
      "n1",
      undefined,
      undefined,
      "exporting to image",
    ],
    ["[n1 linux/amd64 b 2/5] RUN", "n1", "linux/amd64", "b", "RUN"],
    ["[] x", undefined, undefined, undefined, "x"],
    ["[a", undefined, undefined, undefined, "[a"],
  ];
  for (const [name, node, platform, stage, words] of cases) {
    const { plain: _, ...read } = readStepName(name, new Set(["n1"]));
    assertEquals(read, { node, platform, stage, words }, name);
  }
});

Deno.test("the name without the node is the one that the Dockerfile is searched for", () => {
  const nodes = new Set(["n1"]);
  const plain = (name: string) => readStepName(name, nodes).plain;
  assertEquals(
    plain("[n1 linux/amd64 b 2/5] RUN x"),
    "[linux/amd64 b 2/5] RUN x",
  );
  assertEquals(plain("[n1] exporting"), "exporting");
  assertEquals(plain("[b 2/5] RUN x"), "[b 2/5] RUN x");
});

Deno.test("nodes are known by the steps that each has of its own", () => {
  assertEquals(
    [...nodesIn([
      "[a internal] load x",
      "[b internal] load x",
      "[internal] load x",
      "[stage 1/2] RUN x",
    ])],
    ["a", "b"],
  );
});

const step = (startMs: number, endMs: number, ...inputs: number[]) => ({
  periods: [{ startMs, endMs }],
  cached: false,
  inputs,
});

Deno.test("the critical path goes by the input that ended last", () => {
  assertEquals(
    criticalPath([
      step(0, 10),
      step(0, 30),
      step(35, 50, 0, 1),
      step(10, 45, 0),
    ]),
    [
      { step: 1, ownMs: 30, waitMs: 0 },
      { step: 2, ownMs: 15, waitMs: 5 },
    ],
  );
});

Deno.test("a step without inputs waited for what had ended when it began", () => {
  assertEquals(
    criticalPath([step(0, 10), step(0, 22), step(12, 40), step(41, 50)]).map((
      { step, ownMs, waitMs },
    ) => [step, ownMs, waitMs]),
    [[0, 10, 0], [2, 28, 2], [3, 9, 1]],
  );
  // Also where the steps did not end in the order in which they began.
  assertEquals(
    criticalPath([
      step(0, 60),
      step(1, 10),
      step(2, 40),
      step(3, 20),
      step(41, 50),
      step(51, 55),
    ], 5).map(({ step }) => step),
    [2, 4, 5],
  );
  // Up to 2 ms later.
  assertEquals(
    [11, 12, 13].map((end) =>
      criticalPath([step(0, end), step(10, 20)]).map(({ step }) => step)
    ),
    [[0, 1], [0, 1], [1]],
  );
});

Deno.test("of two that ended at about the same time the longer one is on the path", () => {
  const pathOf = (...inputs: Parameters<typeof step>[]) =>
    criticalPath([
      ...inputs.map((input) => step(...input)),
      step(15, 20, ...inputs.keys()),
    ]).map(({ step }) => step);
  assertEquals(pathOf([0, 10], [5, 10]), [0, 2]);
  assertEquals(pathOf([5, 10], [0, 10]), [1, 2]);
  assertEquals(pathOf([0, 10], [9, 12]), [0, 2]);
  assertEquals(pathOf([0, 10], [9, 12.1]).at(-2), 1);
  assertEquals(pathOf([4, 10], [4, 10]), [1, 2]);
});

Deno.test("what an input took is not counted again for the step behind it", () => {
  assertEquals(criticalPath([step(0, 12), step(10, 20, 0)]), [
    { step: 0, ownMs: 12, waitMs: 0 },
    { step: 1, ownMs: 8, waitMs: 0 },
  ]);
});

Deno.test("an input that did not end in time counts until the next step's begin; a circle ends the path", () => {
  assertEquals(
    criticalPath([step(0, 10, 1), step(5, 15, 0)]),
    [{ step: 0, ownMs: 5, waitMs: 0 }, { step: 1, ownMs: 10, waitMs: 0 }],
  );
  assertEquals(criticalPath([]), []);
});

/** A step that ran several times, or a result that was told of several times. */
const times = (
  periods: readonly (readonly [number, number])[],
  inputs: readonly number[] = [],
  cached = false,
) => ({
  periods: periods.map(([startMs, endMs]) => ({ startMs, endMs })),
  cached,
  inputs,
});

Deno.test("a result that is told of again has not ended again", () => {
  // An engine's own build: the base of two stages, told of when each begins.
  assertEquals(
    criticalPath([
      times([[0, 40], [90, 90.1]]),
      step(40, 60, 0),
      step(60, 90, 1),
      step(91, 100, 0, 2),
    ]),
    [
      { step: 0, ownMs: 40, waitMs: 0 },
      { step: 1, ownMs: 20, waitMs: 0 },
      { step: 2, ownMs: 30, waitMs: 0 },
      { step: 3, ownMs: 9, waitMs: 1 },
    ],
  );
  // One that ran twice ended twice, and did not run between.
  assertEquals(
    criticalPath([times([[0, 10], [30, 50]]), step(50, 60, 0)]),
    [{ step: 0, ownMs: 30, waitMs: 20 }, { step: 1, ownMs: 10, waitMs: 0 }],
  );
  assertEquals(
    criticalPath([times([[0, 10], [30, 50]]), step(11, 60, 0)]),
    [{ step: 0, ownMs: 10, waitMs: 0 }, { step: 1, ownMs: 49, waitMs: 1 }],
  );
  // The shortest that counts as work.
  assertEquals(
    [2, 2.1].map((ms) =>
      criticalPath([times([[0, 10], [30, 30 + ms]]), step(33, 40, 0)])
        .map(({ waitMs }) => waitMs)
    ),
    [[0, 23], [20, 33 - 32.1]],
  );
});

Deno.test("the path does not go by when a step from the cache is told of, but by its inputs", () => {
  // As BuildKit tells: COPY --from of a cached stage, after a step of another one.
  const cached = (at: number, ...inputs: number[]) =>
    times([[at, at]], inputs, true);
  assertEquals(
    criticalPath([
      step(0, 5),
      cached(6, 0),
      step(6, 90, 1),
      cached(95, 1),
      step(95, 100, 2, 3),
    ]),
    [
      { step: 0, ownMs: 5, waitMs: 0 },
      { step: 2, ownMs: 84, waitMs: 1 },
      { step: 4, ownMs: 5, waitMs: 5 },
    ],
  );
});

Deno.test("what is built upon results from the cache waited for what these are built upon", () => {
  const steps = [
    step(0, 10),
    step(0, 50, 0),
    step(0, 80, 0),
    // Told of when all that it needs is there.
    times([[95, 95]], [1], true),
    times([[95, 95]], [3, 2], true),
    step(95, 100, 4),
  ];
  assertEquals(criticalPath(steps).map(({ step }) => step), [0, 2, 5]);
  assertEquals(criticalPath(steps)[2], { step: 5, ownMs: 5, waitMs: 15 });
  // Where all of it was there, for what the builder has loaded.
  assertEquals(
    criticalPath([
      step(0, 10),
      times([[0, 0]], [], true),
      step(0, 11, 1),
      step(12, 20, 1),
    ]).map(({ step }) => step),
    [0, 3],
  );
  assertEquals(criticalPath([times([[0, 50]], [], true)]), []);
});

Deno.test("the path may end before the last step: where the build failed", () => {
  assertEquals(
    criticalPath([step(0, 10), step(10, 20, 0), step(0, 50)], 1).map((
      { step },
    ) => step),
    [0, 1],
  );
});

Deno.test("the time of an instruction is that of its steps", () => {
  const of = (
    start: number,
    durationMs: number,
    cached = false,
    end = start,
  ) => ({
    lines: { start, end },
    durationMs,
    cached,
  });
  assertEquals(
    lineTimes([
      of(5, 10, false, 7),
      { lines: undefined, durationMs: 9, cached: false },
      of(2, 1, true),
      of(5, 20, true, 7),
      of(2, 0, true),
    ]),
    [
      { start: 2, end: 2, durationMs: 1, steps: [2, 4], cached: true },
      { start: 5, end: 7, durationMs: 30, steps: [0, 3], cached: false },
    ],
  );
});

Deno.test("lanes are stages on platforms, in the order in which they began", () => {
  const timings = timingsOf([
    { name: "[internal] load x", at: [0, 1] },
    { name: "[linux/amd64 b 1/2] RUN x", at: [1, 2] },
    { name: "[linux/arm64 b 1/2] RUN x", at: [1, 2] },
    { name: "[linux/amd64 b 2/2] RUN y", at: [2, 3] },
    { name: "exporting", at: [3, 4] },
  ]);
  assertEquals(lanesOf(timings), [
    { name: "internal", steps: [0] },
    { name: "linux/amd64 b", steps: [1, 3] },
    { name: "linux/arm64 b", steps: [2] },
    { name: "output", steps: [4] },
  ]);
  const more = timingsOf([
    { name: "[1/2] RUN x", at: [0, 1] },
    { name: "[output 2/2] RUN x", at: [1, 2] },
    { name: "exporting", at: [2, 3] },
    { name: "[n1 internal] load x", at: [3, 4] },
    { name: "[n1] exporting", at: [4, 5] },
    { name: "[n1 1/1] RUN x", at: [5, 6] },
  ]);
  assertEquals(lanesOf(more), [
    { name: "build", steps: [0] },
    { name: "output", steps: [1] },
    { name: "output", steps: [2] },
    { name: "n1 internal", steps: [3] },
    { name: "n1 output", steps: [4] },
    { name: "n1", steps: [5] },
  ]);
});

Deno.test("what the builder does before the Dockerfile's steps is internal, whatever it names", () => {
  const named = (...steps: [name: string, ...inputs: number[]][]) =>
    lanesOf(timingsOf(steps.map(([name, ...inputs], at) => ({
      name,
      at: [at, at + 1] as const,
      inputs,
    })))).map(({ name, steps }) => [name, ...steps]);
  for (
    const before of [
      "copy /context /",
      "resolve image config for docker-image://docker.io/docker/dockerfile:1",
      "docker-image://docker.io/docker/dockerfile:1",
      "importing cache manifest from example.com/cache",
    ]
  ) {
    assertEquals(named([before], ["[internal] load x"]), [["internal", 0, 1]]);
    assertEquals(
      named(["[n1 internal] load x"], [`[n1] ${before}`], ["[n1] exporting"]),
      [["n1 internal", 0, 1], ["n1 output", 2]],
    );
  }
  // What a step of the Dockerfile needs, or what needs another, is no export.
  assertEquals(
    named(["https://example.com/a"], ["[1/1] ADD a", 0], ["exporting"]),
    [["internal", 0], ["build", 1], ["output", 2]],
  );
  assertEquals(
    named(["[1/1] ADD a"], ["unpack", 0], ["exporting"]),
    [["build", 0], ["internal", 1], ["output", 2]],
  );
  // Another frontend names no stages at all.
  assertEquals(
    named(["fetch"], ["compile", 0], ["exporting"]),
    [["build", 0, 1], ["output", 2]],
  );
});

Deno.test("brief words are without the flags that say how a step runs", () => {
  const cases = {
    "RUN --mount=type=secret,id=a --network=none npm ci --x": "RUN npm ci --x",
    "copy --chown=1:1 a b": "copy a b",
    "COPY --chown=1:1 --from=build --link /a /b": "COPY --from=build /a /b",
    "RUN npm --mount=type=x": "RUN npm --mount=type=x",
    "ADD --keep-git-dir=true a b": "ADD a b",
    "FROM --platform=linux/arm64 a": "FROM a",
    "RUN --mount=type=cache": "RUN --mount=type=cache",
    "exporting --to image": "exporting --to image",
    "RUN --mount=type=secret,id=a   test &&\n\t  make": "RUN test && make",
  };
  for (const [words, brief] of Object.entries(cases)) {
    assertEquals(briefWords(words), brief);
  }
});

Deno.test("an axis has round times, at most as many as asked for", () => {
  assertEquals(ticksOf(36_100, 6), [0, 10_000, 20_000, 30_000]);
  assertEquals(ticksOf(999, 6), [0, 200, 400, 600, 800]);
  assertEquals(ticksOf(1000, 6), [0, 200, 400, 600, 800, 1000]);
  assertEquals(ticksOf(5000, 5), [0, 1000, 2000, 3000, 4000, 5000]);
  assertEquals(ticksOf(5, 3), [0, 2, 4]);
  assertEquals(ticksOf(0, 6), [0]);
  assertEquals(ticksOf(0.334, 6), [0, 0.1, 0.2, 0.3]);
  const minutes = (minutes: number, most: number) =>
    ticksOf(60_000 * minutes, most).map(tickOf);
  assertEquals(ticksOf(60_000, 6).at(-1), 60_000);
  assertEquals(minutes(1.7, 6), ["0", "30 s", "1 min", "90 s"]);
  assertEquals(minutes(1, 4), ["0", "15 s", "30 s", "45 s", "1 min"]);
  assertEquals(minutes(12.6, 6), ["0", "5 min", "10 min"]);
  assertEquals(minutes(150, 4), ["0", "1 h", "2 h"]);
  assertEquals(minutes(100 * 60, 4), ["0", "48 h", "96 h"]);
  assertEquals([0, 200, 1000, 2500, 30_000].map(tickOf), [
    "0",
    "200 ms",
    "1 s",
    "2.5 s",
    "30 s",
  ]);
});

Deno.test("the pieces of the build's time are steps, waits, and what is short", () => {
  const of = (...criticalPath: [number, number, number][]) =>
    segmentsOf({
      durationMs: 100,
      criticalPath: criticalPath.map(([step, ownMs, waitMs]) => ({
        step,
        ownMs,
        waitMs,
      })),
    });
  const few = { step: undefined, isWait: false };
  assertEquals(of([4, 1, 0], [5, 1, 1.5], [6, 60, 20], [7, 0, 0], [8, 2, 1]), [
    { ...few, ms: 3.5 },
    { step: undefined, isWait: true, ms: 20 },
    { step: 6, isWait: false, ms: 60 },
    { ...few, ms: 1 },
    { step: 8, isWait: false, ms: 2 },
  ]);
  // A wait that is worth a piece is not joined with what is short.
  assertEquals(of([1, 1, 3]), [
    { step: undefined, isWait: true, ms: 3 },
    { ...few, ms: 1 },
  ]);
});

Deno.test("a sentence is wrapped between words, and cut behind its last line", () => {
  assertEquals(wrapped("aa bb cc dd", 5, 2), ["aa bb", "cc dd"]);
  assertEquals(wrapped("aa bb cc dd", 5, 3), ["aa bb", "cc dd"]);
  assertEquals(wrapped("aa bb cc dd ee", 5, 2), ["aa bb", "cc d…"]);
  assertEquals(wrapped("aaaaaaa bb", 5, 2), ["aaaaa", "aa bb"]);
  assertEquals(wrapped("a bbbbbbb", 5, 2), ["a", "bbbb…"]);
  assertEquals(wrapped("a bbbbbbb", 5, Infinity), ["a", "bbbbb", "bb"]);
  assertEquals(wrapped("世世世", 5, Infinity), ["世世", "世"]);
  assertEquals(wrapped("世 a", 1, Infinity), ["…"]);
  assertEquals(wrapped("", 5, 2), [""]);
  assertEquals(wrapped("aa\nbb\tcc", 5, 2), ["aa bb", "cc"]);
  assertEquals(fitted("世界世界", 5), "世界…");
  assertEquals(fitted("世界", 4), "世界");
  assertEquals(fitted("a\x1bb", 20), "a\\u001bb");
});

Deno.test("what can't be seen is written, what a page would obey is escaped", () => {
  assertEquals(
    visible("a\x1b[31mb\x07\x85\u202e\u200b\u2028\ud800c"),
    [
      "a\\u001b[31mb\\u0007\\u0085\\u202e\\u200b\\u2028\\ud800c",
    ].join(""),
  );
  // No character has these numbers; the first two are not allowed in XML.
  assertEquals(
    visible("\ufffe\uffff\ufdd0\u{1fffe}\u{e0001}"),
    "\\ufffe\\uffff\\ufdd0\\u{1fffe}\\u{e0001}",
  );
  assertEquals(visible("a\r\n\tb\tc"), "a b c");
  assertEquals(visible("é€𝄞 <b>"), "é€𝄞 <b>");
  assertEquals(
    escaped(`</script><a href="x" b='y'>&amp;`),
    "&lt;/script&gt;&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;",
  );
  assertEquals(shortened("abcdef", 6), "abcdef");
  assertEquals(shortened("abcdefg", 6), "abcde…");
  assertEquals(shortened("ab𝄞cd", 4), "ab…");
});
