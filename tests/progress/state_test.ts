import type { LogEvent, VertexEvent } from "../../lib/progress/event.ts";
import { mergeIntervals, totalDuration } from "../../lib/progress/intervals.ts";
import { LogTail } from "../../lib/progress/log_tail.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { stateOfTrace } from "./traces.ts";

const encoder = new TextEncoder();

function vertex(
  digest: string,
  fields: Partial<VertexEvent> = {},
): VertexEvent {
  return {
    type: "vertex",
    digest,
    name: `name of ${digest}`,
    inputs: [],
    cached: false,
    started: undefined,
    completed: undefined,
    error: undefined,
    group: undefined,
    ...fields,
  };
}

function log(digest: string, text: string): LogEvent {
  return {
    type: "log",
    vertex: digest,
    stream: "stdout",
    bytes: encoder.encode(text),
    text,
    time: 1,
  };
}

Deno.test("BuildState tells the steps of real builds", () => {
  for (const generation of ["20", "28"]) {
    const state = stateOfTrace(`${generation}_output`);
    assertEquals(state.count(), { total: 8, completed: 8 });
    const steps = state.steps();
    assertEquals(steps.map(({ name }) => name.slice(0, 12)), [
      "[internal] l",
      "copy /contex",
      "[internal] l",
      "[1/4] FROM d",
      "[2/4] RUN ec",
      "[3/4] COPY h",
      "[4/4] RUN ca",
      "exporting to",
    ]);
    const run = steps[4]!;
    assert(run.durationMs > 400 && run.durationMs < 5000);
    assertEquals(run.completed! - run.started, run.durationMs);
    assertEquals(state.get(run.digest)?.tail.lines(10), [
      "to stdout",
      "to stderr",
      "no end",
    ]);
    const cached = stateOfTrace(`${generation}_cached`).steps();
    assertEquals(
      cached.filter((step) => step.cached).map(({ name }) => name.slice(0, 5)),
      ["[inte", "copy ", "[2/4]", "[3/4]", "[4/4]"],
    );
  }
});

Deno.test("BuildState merges the times of a step that starts again", () => {
  const state = new BuildState();
  state.apply(vertex("a", { started: 1000, completed: 1100 }));
  state.apply(vertex("a", { started: 2000 }));
  assertEquals(state.get("a")?.running, true);
  state.apply(vertex("a", { started: 2000, completed: 2300, cached: true }));
  // Its plan may be repeated.
  state.apply(vertex("a", { name: "other" }));
  assertEquals(state.steps(), [{
    digest: "a",
    name: "name of a",
    cached: true,
    started: 1000,
    completed: 2300,
    durationMs: 400,
    error: undefined,
  }]);
});

Deno.test("BuildState orders steps by their first start, and leaves out what never began", () => {
  const state = new BuildState();
  for (const digest of ["a", "b", "c"]) state.apply(vertex(digest));
  state.apply(vertex("c", { started: 1 }));
  state.apply(vertex("a", { started: 2 }));
  assertEquals(state.steps().map(({ digest }) => digest), ["c", "a"]);
  assertEquals(state.count(), { total: 3, completed: 0 });
});

Deno.test("BuildState folds a progress group, hidden while only weak members run", () => {
  const state = new BuildState();
  const weak = { id: "g", name: "the group", weak: true };
  const strong = { ...weak, weak: false };
  state.apply(
    vertex("a", { started: 10, completed: 20, cached: true, group: weak }),
  );
  assertEquals(state.steps(), []);
  assertEquals(state.count(), { total: 0, completed: 0 });
  state.apply(vertex("b", { started: 15, completed: 40, group: strong }));
  state.apply(log("b", "text"));
  assertEquals(state.get("a"), state.get("b"));
  assertEquals(state.get("a")?.tail.lines(1), ["text"]);
  const [step] = state.steps();
  assertEquals(step?.name, "the group");
  assertEquals(step?.durationMs, 30);
  assertEquals(step?.cached, false);
});

Deno.test("BuildState shows a group whose only member is weak and failed", () => {
  const state = new BuildState();
  const group = { id: "g", name: "the group", weak: true };
  state.apply(vertex("a", { started: 1, completed: 2, error: "no", group }));
  assertEquals(state.steps().map(({ error }) => error), ["no"]);
});

Deno.test("BuildState passes over what is said of unknown steps", () => {
  const state = new BuildState();
  state.apply(log("nobody", "text"));
  assertEquals(state.steps(), []);
});

Deno.test("BuildState keeps secrets, context, image and warnings", () => {
  const state = new BuildState({ maxWarnings: 1 });
  state.apply({ type: "secret", id: "a", state: "requested" });
  state.apply({ type: "secret", id: "a", state: "served" });
  state.apply({ type: "secret", id: "b", state: "unused" });
  state.apply({
    type: "context",
    files: 2,
    filesReused: 0,
    bytesOffered: 10,
    bytesSent: 10,
  });
  state.apply({ type: "image", id: "sha256:1", digest: undefined, names: [] });
  for (const short of ["one", "two"]) {
    state.apply({
      type: "warning",
      vertex: undefined,
      level: 1,
      short,
      detail: [],
      url: undefined,
      source: undefined,
      code: "secret-unused",
    });
  }
  assertEquals([...state.secrets], [["a", "served"], ["b", "unused"]]);
  assertEquals(state.context?.bytesSent, 10);
  assertEquals(state.image?.id, "sha256:1");
  assertEquals(state.warnings.map(({ short }) => short), ["one"]);
});

Deno.test("mergeIntervals() joins what overlaps", () => {
  const merge = (...list: [number, number | undefined][]) =>
    mergeIntervals(list.map(([start, stop]) => ({ start, stop })))
      .map(({ start, stop }) => [start, stop]);
  assertEquals<unknown>(merge(), []);
  assertEquals<unknown>(merge([5, 6], [1, 2]), [[1, 2], [5, 6]]);
  assertEquals<unknown>(merge([1, 3], [2, 4], [4, 5]), [[1, 5]]);
  assertEquals<unknown>(merge([1, 9], [2, 3]), [[1, 9]]);
  assertEquals<unknown>(merge([1, undefined], [2, 3]), [[1, undefined]]);
  assertEquals<unknown>(merge([1, 3], [2, undefined], [9, 10]), [[
    1,
    undefined,
  ]]);
  assertEquals(
    totalDuration([{ start: 1, stop: 3 }, { start: 5, stop: undefined }], 9),
    6,
  );
});

Deno.test("LogTail keeps the end of any stream of slices, as if it were one", () => {
  let seed = 7;
  const random = (max: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % max;
  };
  for (let round = 0; round < 300; round++) {
    const max = 1 + random(2000);
    const tail = new LogTail(max);
    let all = "";
    for (let i = random(40); i > 0; i--) {
      const slice = String.fromCharCode(97 + random(26)).repeat(random(200)) +
        (random(3) === 0 ? "\n" : "");
      all += slice;
      tail.push(encoder.encode(slice));
      assertEquals(new TextDecoder().decode(tail.bytes()), all.slice(-max));
    }
    assertEquals(tail.length, all.length);
    assertEquals(
      new TextDecoder().decode(tail.bytes(10)),
      all.slice(-Math.min(10, max)),
    );
  }
});

Deno.test("LogTail drops the line whose beginning it lost", () => {
  const tail = new LogTail(10);
  tail.push(encoder.encode("abcdefgh\nijk\r\nlmn"));
  assertEquals(tail.lines(5), ["ijk", "lmn"]);
  assertEquals(tail.lines(1), ["lmn"]);
  assertEquals(new LogTail(0).lines(3), []);
});

Deno.test("BuildState keeps what an engine tells within bounds", () => {
  const state = new BuildState();
  for (let i = 0; i < 30_000; i++) {
    state.apply(vertex(`${i}`, { started: 1 }));
    state.apply({
      type: "status",
      vertex: "0",
      id: `layer ${i}`,
      name: "",
      current: 0,
      total: 0,
      time: 1,
      started: undefined,
      completed: undefined,
    });
    if (i < 5000) state.apply(vertex("1", { started: i, completed: i }));
  }
  assertEquals(state.count().total, 10_000);
  assertEquals(state.get("0")?.statuses.size, 10_000);
  assert(state.get("1")!.intervals.length <= 1000);
  assertEquals(state.get("20000"), undefined);
});
