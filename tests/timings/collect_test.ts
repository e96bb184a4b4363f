import type { WarningEvent } from "../../lib/progress/event.ts";
import { collectTimings } from "../../lib/timings/collect.ts";
import {
  dockerfileOf,
  errorOfTrace,
  stateOfTrace,
  TRACE_GENERATIONS,
} from "../progress/traces.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { APP, appTimings, BEGIN, digestOf, timingsOf } from "./recorded.ts";

function ofTrace(generation: string, name: string, text = dockerfileOf(name)) {
  const trace = `${generation}_${name}`;
  const message = errorOfTrace(trace);
  return collectTimings(stateOfTrace(trace), {
    dockerfile: { name: "Dockerfile", text },
    ...(message === "" ? {} : { failure: { message } }),
  });
}

Deno.test("the times of builds that engines of both generations have recorded", () => {
  for (const generation of TRACE_GENERATIONS) {
    const { steps, criticalPath, durationMs, lines, ...rest } = ofTrace(
      generation,
      "stages",
    );
    assertEquals(rest.status, "completed");
    assertEquals(rest.failure, undefined);
    assertEquals(steps.length, 27);
    // Eleven stages ran side by side, and the last took from each of them.
    const runs = steps.filter(({ words }) => words.startsWith("RUN "));
    assertEquals(
      runs.map(({ stage }) => stage).sort().join(""),
      "abcdefghijk",
    );
    const slowest = runs.reduce((a, b) => a.endMs > b.endMs ? a : b);
    assert(slowest.critical);
    assertEquals(runs.filter(({ critical }) => critical).length, 1);
    const copies = steps.filter(({ stage }) => stage === "stage-11");
    assertEquals(copies.length, 11);
    for (const { words, lines, inputs } of copies) {
      const from = /--from=(\w)/.exec(words)![1];
      assertEquals(lines!.start, 24 + from!.charCodeAt(0) - 97);
      assert(inputs.some((at) => steps[at]!.stage === from), words);
    }
    const own = criticalPath.reduce(
      (sum, { ownMs, waitMs }) => sum + ownMs + waitMs,
      0,
    );
    assert(Math.abs(own - durationMs) < 5, `${own} of ${durationMs}`);
    assertEquals(steps[0]!.startMs, 0);
    assertEquals(Math.max(...steps.map(({ endMs }) => endMs)), durationMs);
    // The Dockerfile's RUN instructions are its lines 2, 4, 6…
    assertEquals(
      lines.filter(({ durationMs }) => durationMs > 500).map(({ start }) =>
        start
      ),
      [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22],
    );
  }
});

Deno.test("a step that came from the cache took no time of its own", () => {
  for (const generation of TRACE_GENERATIONS) {
    const { steps, lines } = ofTrace(generation, "cached");
    const cached = steps.filter((step) => step.cached);
    assert(cached.length >= 4);
    assertEquals(cached.filter(({ durationMs }) => durationMs > 50), []);
    assertEquals(lines.find(({ start }) => start === 2)!.cached, true);
  }
});

Deno.test("the failing step, its lines, and the error", () => {
  for (const generation of TRACE_GENERATIONS) {
    const { failure, status, steps, summary } = ofTrace(
      generation,
      "failing_run",
    );
    assertEquals(status, "error");
    assertEquals(failure!.lines, { start: 7, end: 10 });
    assert(steps[failure!.step!]!.words.includes("exit 7"));
    assert(failure!.excerpt!.includes("   7 | >>> RUN echo before && \\"));
    assert(failure!.message.includes("exit code: 7"));
    assert(summary[0]!.startsWith("The build failed after "));
    assert(summary[1]!.endsWith(" at line 7."), summary[1]);
  }
});

Deno.test("builds of the classic builder have their steps, too", () => {
  for (const generation of TRACE_GENERATIONS) {
    const timings = ofTrace(
      generation,
      "classic_output",
      dockerfileOf("output"),
    );
    assertEquals(timings.steps.map(({ lines }) => lines?.start), [1, 2, 3, 4]);
    assert(timings.durationMs > 0);
    // It counts all instructions, and two of these say the same.
    const stages = "classic_stages";
    assertEquals(
      ofTrace(generation, stages, dockerfileOf(stages)).steps
        .map(({ lines }) => lines?.start),
      [1, 2, 3, 4, 5],
    );
  }
});

Deno.test("what is known of a step", () => {
  const { steps, secrets, started } = appTimings();
  assertEquals(started, BEGIN);
  assertEquals(secrets, { npm_token: "served", other: "unused" });
  assertEquals(steps[8], {
    digest: digestOf(8),
    name: "[6/6] RUN --mount=type=secret,id=npm_token npm ci",
    words: "RUN --mount=type=secret,id=npm_token npm ci",
    stage: undefined,
    platform: undefined,
    node: undefined,
    startMs: 1300,
    endMs: 8300,
    durationMs: 7000,
    periods: [{ startMs: 1300, endMs: 8300 }],
    cached: false,
    error: undefined,
    canceled: false,
    inputs: [7],
    transfers: [],
    secrets: ["npm_token"],
    hasCacheMount: false,
    lines: { start: 8, end: 8 },
    critical: true,
  });
  assertEquals(steps[2]!.transfers, [{
    id: "transferring context:",
    bytes: 2_500_000,
    total: 5_000_000,
    startMs: 600,
    endMs: 1100,
  }]);
  // Those that came from the cache were told when the context was there.
  assertEquals(
    steps.map(({ critical }) => critical ? "x" : "-").join(""),
    "xxx----xxx",
  );
});

Deno.test("a secret and a cache that a step mounts are told by their ids and kinds", () => {
  const { steps } = timingsOf([{
    name:
      "RUN --mount=type=cache,target=/c --mount=type=secret,id=a --mount=type=secret,id=b --mount=type=secret,id=a make",
    at: [0, 1],
  }, { name: "RUN --mount=type=ssh make", at: [1, 2] }]);
  assertEquals(steps.map(({ secrets }) => secrets), [["a", "b"], []]);
  assertEquals(steps.map(({ hasCacheMount }) => hasCacheMount), [true, false]);
});

Deno.test("a step that never began stands for what it would have waited for", () => {
  const { steps } = timingsOf([
    { name: "first", at: [0, 10] },
    { name: "planned", inputs: [0] },
    { name: "last", at: [10, 20], inputs: [1] },
  ]);
  assertEquals(steps.map(({ words, inputs }) => [words, inputs]), [
    ["first", []],
    ["last", [0]],
  ]);
});

Deno.test("steps that never began and name each other end nowhere", () => {
  const { steps } = timingsOf([
    { name: "begun", at: [0, 1] },
    { name: "planned", inputs: [2, 0] },
    { name: "planned, too", inputs: [1] },
    { name: "last", at: [1, 2], inputs: [2] },
  ]);
  assertEquals(steps[1]!.inputs, [0]);
});

Deno.test("inputs stand in their order; what has moved nothing is no transfer", () => {
  const { steps } = timingsOf([
    { name: "a", at: [0, 1] },
    { name: "b", at: [1, 2] },
    { name: "c", at: [2, 3] },
    { name: "d", at: [3, 4], inputs: [2, 0, 1], bytes: { none: 0, one: 1 } },
  ]);
  assertEquals(steps[3]!.inputs, [0, 1, 2]);
  assertEquals(steps[3]!.transfers.map(({ id }) => id), ["one"]);
});

Deno.test("a group is one step, which waits for what its members wait for but not for itself", () => {
  const { steps } = timingsOf([
    { name: "base", at: [0, 10] },
    { name: "one", at: [10, 20], inputs: [0], group: "both" },
    { name: "two", at: [20, 40], inputs: [1], group: "both" },
    { name: "end", at: [40, 50], inputs: [2] },
  ]);
  assertEquals(
    steps.map(({ words, inputs, durationMs }) => [words, inputs, durationMs]),
    [["base", [], 10], ["both", [0], 30], ["end", [1], 10]],
  );
});

Deno.test("a step that pauses has its periods, and the pauses are not its time", () => {
  const { steps } = timingsOf([
    { name: "first", at: [0, 10], again: [[30, 50]] },
  ]);
  assertEquals(steps[0]!.durationMs, 30);
  assertEquals(steps[0]!.periods, [
    { startMs: 0, endMs: 10 },
    { startMs: 30, endMs: 50 },
  ]);
  assertEquals(steps[0]!.endMs, 50);
});

Deno.test("a step that never ended lasts until the build's end", () => {
  const { steps, durationMs } = timingsOf([
    { name: "runs", at: [5, undefined] },
    { name: "first", at: [0, 100] },
  ]);
  assertEquals(
    steps.map(({ words, startMs, endMs, durationMs }) => [
      words,
      startMs,
      endMs,
      durationMs,
    ]),
    [["first", 0, 100, 100], ["runs", 5, 100, 95]],
  );
  assertEquals(durationMs, 100);
  // A build that was stopped while nothing was told.
  const stopped = timingsOf([
    { name: "first", at: [0, 100] },
    { name: "runs", at: [100, undefined], inputs: [0] },
  ], { silentMs: 400, failure: { message: "stopped", canceled: true } });
  assertEquals([stopped.durationMs, stopped.steps[1]!.durationMs], [500, 400]);
  assertEquals(stopped.criticalPath.map(({ ownMs }) => ownMs), [100, 400]);
});

Deno.test("a build without steps", () => {
  const timings = timingsOf([]);
  assertEquals(timings.durationMs, 0);
  assertEquals(timings.criticalPath, []);
  assertEquals(timings.summary, ["No step of this build began."]);
});

Deno.test("of several steps with errors the one that the engine names has failed", () => {
  const steps = [
    { name: "stopped", at: [0, 9], error: "context canceled" },
    { name: "one", at: [0, 10], error: "exit code: 1" },
    { name: "two", at: [0, 11], error: "exit code: 2" },
  ] as const;
  assertEquals(timingsOf(steps).failure!.step, 1);
  assertEquals(timingsOf(steps).failure!.message, "exit code: 1");
  assertEquals(timingsOf(steps).steps.map(({ canceled }) => canceled), [
    true,
    false,
    false,
  ]);
  const named = timingsOf(steps, {
    failure: {
      message: "it went wrong",
      vertex: digestOf(2),
      lines: { start: 3, end: 4 },
      excerpt: "lines",
    },
  });
  assertEquals(named.failure, {
    message: "it went wrong",
    step: 2,
    lines: { start: 3, end: 4 },
    excerpt: "lines",
  });
  // The path ends where the build ended, not at the step that ran longest.
  assertEquals(named.criticalPath.map(({ step }) => step), [2]);
});

Deno.test("a build that was stopped is cancelled, whatever its error says", () => {
  const stopped = [
    { name: "one", at: [0, 10], error: "context canceled" },
  ] as const;
  assertEquals(timingsOf(stopped).status, "canceled");
  assertEquals(timingsOf(stopped).failure!.step, 0);
  const failure = { message: "The signal has been aborted" };
  assertEquals(timingsOf(APP, { failure }).status, "error");
  assertEquals(
    timingsOf(APP, { failure: { ...failure, canceled: true } }).status,
    "canceled",
  );
});

Deno.test("a warning has its line, and a Dockerfile that came with it is used", () => {
  const warning: WarningEvent = {
    type: "warning",
    vertex: undefined,
    level: 1,
    short: "FromAsCasing: 'as' and 'FROM' keywords' casing do not match",
    detail: [],
    url: "https://docs.docker.com/go/dockerfile/rule/from-as-casing/",
    source: {
      file: "Dockerfile",
      text: "FROM scratch as a\nRUN make\n",
      ranges: [{
        start: { line: 1, character: 0 },
        end: { line: 1, character: 4 },
      }],
    },
    code: undefined,
  };
  const other = {
    ...warning,
    short: "other",
    url: undefined,
    source: undefined,
  };
  const timings = timingsOf(
    [{ name: "[a 1/1] RUN make", at: [0, 10] }],
    {},
    [other, warning],
  );
  assertEquals(timings.warnings, [
    { text: "other", url: undefined, line: undefined },
    { text: warning.short, url: warning.url, line: 1 },
  ]);
  assertEquals(timings.dockerfile?.name, "Dockerfile");
  assertEquals(timings.lines, [
    { start: 2, end: 2, durationMs: 10, steps: [0], cached: false },
  ]);
});

Deno.test("the steps of a long stage have their lines, too: their numbers stand in columns", () => {
  const text = `FROM base\n${"RUN make\n".repeat(11)}`;
  const { steps } = timingsOf(
    [1, 2, 12].map((number) => ({
      name: `[${`${number}`.padStart(2)}/12] ${
        number === 1 ? "FROM docker.io/library/base:latest" : "RUN make"
      }`,
      at: [number, number + 1],
    })),
    { dockerfile: { name: "Dockerfile", text } },
  );
  assertEquals(steps.map(({ stage, lines }) => [stage, lines?.start]), [
    [undefined, 1],
    [undefined, 2],
    [undefined, 12],
  ]);
});

Deno.test("steps of several platforms and nodes have their places in one Dockerfile", () => {
  const text = "FROM base AS build\nRUN make\n";
  const { steps, lines } = timingsOf([
    {
      name: "[one internal] load build definition from Dockerfile",
      at: [0, 1],
    },
    { name: "[one linux/amd64 build 2/2] RUN make", at: [1, 11] },
    { name: "[one linux/amd64->arm64 build 2/2] RUN make", at: [1, 31] },
  ], { dockerfile: { name: "Dockerfile", text } });
  assertEquals(
    steps.map(({ node, platform, stage, lines }) => [
      node,
      platform,
      stage,
      lines?.start,
    ]),
    [
      ["one", undefined, "internal", undefined],
      ["one", "linux/amd64", "build", 2],
      ["one", "linux/amd64->arm64", "build", 2],
    ],
  );
  assertEquals(lines, [
    { start: 2, end: 2, durationMs: 40, steps: [1, 2], cached: false },
  ]);
});
