/** The parts that timings are made of. */
import { criticalPath } from "../../lib/timings/critical_path.ts";
import { lanesOf } from "../../lib/timings/lanes.ts";
import { lineTimes } from "../../lib/timings/line_times.ts";
import { nodesIn, readStepName } from "../../lib/timings/step_name.ts";
import { escaped, shortened, visible } from "../../lib/timings/visible.ts";
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
  startMs,
  endMs,
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

Deno.test("what overlaps its input counts from the input's end; a circle ends the path", () => {
  assertEquals(
    criticalPath([step(0, 10, 1), step(5, 15, 0)]),
    [{ step: 0, ownMs: 10, waitMs: 0 }, { step: 1, ownMs: 5, waitMs: 0 }],
  );
  assertEquals(criticalPath([]), []);
});

Deno.test("the path does not go by when a step from the cache is told of, but by its inputs", () => {
  // As BuildKit tells: COPY --from of a cached stage, after a step of another one.
  const cached = (at: number, ...inputs: number[]) => ({
    ...step(at, at, ...inputs),
    cached: true,
  });
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
      { step: 1, ownMs: 0, waitMs: 1 },
      { step: 2, ownMs: 84, waitMs: 0 },
      { step: 4, ownMs: 5, waitMs: 5 },
    ],
  );
  // One that names no inputs was there when it was told of.
  assertEquals(
    criticalPath([step(0, 10), cached(20), step(20, 30, 0, 1)]).map((
      { step },
    ) => step),
    [0, 1, 2],
  );
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
    { name: "build", steps: [4] },
  ]);
});

Deno.test("what can't be seen is written, what a page would obey is escaped", () => {
  assertEquals(
    visible("a\x1b[31mb\x07\x85\u202e\u200b\u2028\ud800c"),
    [
      "a\\u001b[31mb\\u0007\\u0085\\u202e\\u200b\\u2028\\ud800c",
    ].join(""),
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
