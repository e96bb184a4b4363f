import type {
  LogEvent,
  StatusEvent,
  VertexEvent,
  WarningEvent,
} from "../../lib/progress/event.ts";
import { mergeIntervals, totalDuration } from "../../lib/progress/intervals.ts";
import { LogTail } from "../../lib/progress/log_tail.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { isCanceled, VertexState } from "../../lib/progress/vertex_state.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { decodeTrace } from "../../lib/progress/trace.ts";
import { eventsOfTrace, readAux, stateOfTrace } from "./traces.ts";

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

Deno.test("a step from the cache stays one, though its layer is fetched later", () => {
  const state = new BuildState();
  state.apply(vertex("a", { started: 1, completed: 2, cached: true }));
  state.apply(vertex("a", { started: 3, completed: 4 }));
  state.apply(vertex("b", { started: 1, completed: 2 }));
  assertEquals(state.steps().map(({ cached }) => cached), [true, false]);
  // Displays say what the engine says last, as buildx does.
  assertEquals(state.get("a")?.cached, false);
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
    name: undefined,
    files: 2,
    filesReused: 0,
    bytesOffered: 10,
    bytesSent: 10,
  });
  state.apply({
    type: "context",
    name: "deps",
    files: 3,
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
  assertEquals(state.context?.files, 2);
  assertEquals([...state.contexts].map(([name, { files }]) => [name, files]), [
    ["deps", 3],
  ]);
  assertEquals(state.image?.id, "sha256:1");
  assertEquals(state.warnings.map(({ short }) => short), ["one"]);
});

function warning(digest: string | undefined, short: string): WarningEvent {
  return {
    type: "warning",
    vertex: digest,
    level: 1,
    short,
    detail: [],
    url: undefined,
    source: undefined,
    code: undefined,
  };
}

function status(digest: string, id: string, time = 1): StatusEvent {
  return {
    type: "status",
    vertex: digest,
    id,
    name: "",
    current: time,
    total: undefined,
    time,
    started: undefined,
    completed: undefined,
  };
}

Deno.test("BuildState knows the last moment that was told, and how long a step ran until then", () => {
  const state = new BuildState();
  assertEquals(state.time, 0);
  state.apply(vertex("a"));
  assertEquals(state.time, 0);
  for (
    const [event, time] of [
      [vertex("a", { started: 10 }), 10],
      [{ ...log("a", "x"), time: 30 }, 30],
      [{ ...log("a", "x"), time: 20 }, 30],
      [status("a", "s", 40), 40],
      [vertex("b", { started: 35, completed: 50 }), 50],
      [vertex("c", { started: 45 }), 50],
    ] as const
  ) {
    state.apply(event);
    assertEquals(state.time, time);
  }
  assertEquals(
    state.steps().map(({ durationMs, completed }) => [durationMs, completed]),
    [[40, undefined], [15, 50], [5, undefined]],
  );
});

Deno.test("BuildState puts a step that was shown alone into its group", () => {
  const group = { id: "g", name: "the group", weak: false };
  for (const first of ["a", "b"]) {
    const state = new BuildState();
    state.apply(vertex(first, { started: 1 }));
    assertEquals(state.count(), { total: 1, completed: 0 });
    state.apply(vertex("a", { started: 1, completed: 2, group }));
    state.apply(vertex("b", { started: 3, group }));
    assertEquals(state.steps().map(({ name }) => name), ["the group"], first);
    assertEquals(state.names(), ["the group"]);
    assertEquals(state.count(), { total: 1, completed: 0 });
    assertEquals(state.get("a"), state.get("b"));
    // What is said of a member again takes nothing away.
    state.apply(vertex("a", { started: 1, completed: 2, group }));
    assertEquals(state.steps().length, 1);
  }
});

Deno.test("BuildState: what of a group counts", () => {
  const member = (digest: string, fields: Partial<VertexEvent>) =>
    vertex(digest, {
      group: { id: "g", name: "the group", weak: true },
      ...fields,
    });
  const strong = { id: "g", name: "the group", weak: false };
  const state = new BuildState();
  state.apply(member("a", { cached: true }));
  state.apply(member("b", { group: strong }));
  const group = state.get("a")!;
  // Not begun, or weak, it is not to be shown.
  assertEquals([group.hidden, group.cached, group.name], [
    true,
    false,
    "the group",
  ]);
  state.apply(member("b", { group: strong, started: 1, cached: true }));
  assertEquals([group.hidden, group.cached, group.running], [
    false,
    true,
    true,
  ]);
  state.apply(member("a", { started: 1, error: "broke" }));
  assertEquals([group.error, group.cached], ["broke", false]);
  const weak = new BuildState();
  weak.apply(member("a", { error: "broke" }));
  assertEquals(weak.get("a")!.hidden, false);
});

Deno.test("BuildState keeps a step's warnings with it, and no more than it may", () => {
  const state = new BuildState({ maxWarnings: 2 });
  state.apply(vertex("a"));
  assertEquals(state.apply(warning("none", "0")), undefined);
  assertEquals(state.apply(warning("a", "1")), state.get("a"));
  for (const short of ["2", "3"]) state.apply(warning("a", short));
  assertEquals(state.apply(warning(undefined, "4")), undefined);
  const shorts = (list: readonly WarningEvent[]) =>
    list.map(({ short }) => short);
  assertEquals(shorts(state.warnings), ["0", "1"]);
  assertEquals(shorts(state.get("a")!.warnings), ["1", "2"]);
});

Deno.test("BuildState: the limits that hold unless others are given", () => {
  const state = new BuildState();
  state.apply(vertex("a", { started: 1, completed: 2 }));
  state.apply(log("a", "x".repeat(40_000)));
  assertEquals(state.get("a")!.tail.bytes().length, 32 * 1024);
  for (let at = 0; at <= 1000; at++) state.apply(warning("a", `${at}`));
  assertEquals(state.warnings.length, 1000);
  assertEquals(state.get("a")!.warnings.length, 1000);
  for (let at = 1; at <= 10_000; at++) {
    state.apply(status("a", `${at}`));
    state.apply(vertex("a", { started: 10 * at, completed: 10 * at + 1 }));
  }
  assertEquals(state.get("a")!.statuses.size, 10_000);
  // 1, and 999 more.
  assertEquals(state.get("a")!.intervals.length, 1000);
  // One that is known goes on.
  state.apply(status("a", "1", 7));
  state.apply(status("a", "more"));
  assertEquals(state.get("a")!.statuses.get("1")!.current, 7);
  assertEquals(state.get("a")!.statuses.size, 10_000);
  state.apply(vertex("a", { started: 10, completed: 13 }));
  assertEquals(state.get("a")!.intervals[1], { start: 10, stop: 13 });
  const few = new BuildState({ maxSteps: 2, tailBytes: 3 });
  for (const digest of ["a", "b", "c"]) {
    few.apply(vertex(digest, { started: 1 }));
    few.apply(log(digest, "text"));
  }
  assertEquals(few.steps().map(({ digest }) => digest), ["a", "b"]);
  few.apply(vertex("a", { started: 1, completed: 2 }));
  assertEquals(few.get("a")!.completed, 2);
  assertEquals(few.get("a")!.tail.lines(1), ["ext"]);
});

Deno.test("BuildState: a step's times, before it begins, while it runs and behind", () => {
  const state = new BuildState();
  const times = () => {
    const { started, resumed, completed, running } = state.get("a")!;
    return [started, resumed, completed, running];
  };
  state.apply(vertex("a", { inputs: ["b"] }));
  assertEquals(times(), [undefined, undefined, undefined, false]);
  assertEquals(state.get("a")!.inputs, ["b"]);
  state.apply(vertex("a", { started: 1 }));
  assertEquals(times(), [1, 1, undefined, true]);
  state.apply(vertex("a", { started: 1, completed: 2, error: "e" }));
  assertEquals(times(), [1, 1, 2, false]);
  assertEquals(state.get("a")!.error, "e");
  state.apply(vertex("a", { started: 5 }));
  assertEquals(times(), [1, 5, undefined, true]);
  const none = new VertexState("a", "name", { tailBytes: 1, group: false });
  assertEquals([none.cached, none.hidden, none.running], [false, false, false]);
  for (
    const [error, canceled] of [
      ["context canceled", true],
      ["x: context canceled", true],
      ["context canceled by x", false],
    ] as const
  ) assertEquals(isCanceled(error), canceled, error);
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
  // An end before its beginning takes nothing away.
  assertEquals(
    totalDuration([{ start: 5, stop: 5 }, { start: 9, stop: 2 }], 0),
    0,
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
  assertEquals(tail.lines(5, 5), ["lmn"]);
  const none = new LogTail(0);
  none.push(encoder.encode("a"));
  assertEquals([none.lines(3), none.bytes().length, none.length], [[], 0, 1]);
  // The only line there is stays, though it lost its beginning.
  const one = new LogTail(3);
  one.push(encoder.encode("abcd"));
  assertEquals(one.lines(5), ["bcd"]);
  one.clear();
  assertEquals([one.lines(5), one.bytes().length], [[], 0]);
  one.push(encoder.encode("x\n\ny"));
  assertEquals(one.lines(5), ["", "y"]);
  const whole = new LogTail(4);
  whole.push(encoder.encode("a\nb\n"));
  assertEquals(whole.lines(5), ["a", "b"]);
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

Deno.test("BuildState takes a message as a whole as it takes its events one by one", () => {
  for (
    const name of [
      "20_output",
      "28_stages",
      "28_failing_run",
      "28_warnings",
      "28_cached",
    ]
  ) {
    const one = new BuildState();
    const whole = new BuildState();
    for (const aux of readAux(name)) whole.applyStatus(decodeTrace(aux)!);
    for (const event of eventsOfTrace(name).flat()) {
      if (event.type !== "image") one.apply(event);
    }
    const told = (state: BuildState) =>
      JSON.stringify([
        state.steps(),
        state.time,
        state.count(),
        state.warnings,
        Array.from(state.vertices, ({ tail, statuses, warnings }) => [
          tail.lines(100),
          [...statuses],
          warnings,
        ]),
      ]);
    assertEquals(told(whole), told(one), name);
    assert(whole.steps().length > 3, name);
  }
  const state = new BuildState();
  const data = encoder.encode("x");
  const none = { vertexes: [], statuses: [], warnings: [] };
  state.applyStatus({
    ...none,
    logs: [{ vertex: "a", timestamp: undefined, stream: 1, data }],
  });
  assertEquals(state.time, 0);
  state.applyStatus({
    ...none,
    logs: [{
      vertex: "a",
      timestamp: { seconds: 7, nanos: 0 },
      stream: 1,
      data,
    }],
  });
  assertEquals(state.time, 7000);
});

Deno.test("BuildState knows what a step was at each event that was told of it", () => {
  const state = new BuildState({ maxSteps: 1 });
  const begin = vertex("a", { started: 1 });
  const end = vertex("a", { started: 1, completed: 2, error: "no" });
  const other = vertex("b", { started: 1 });
  for (const event of [begin, end, other]) state.apply(event);
  const told = [begin, end].map((event) => {
    const { error, intervals } = state.momentOf(event)!;
    return [error, intervals];
  });
  assertEquals<unknown>(told, [
    [undefined, [{ start: 1, stop: undefined }]],
    ["no", [{ start: 1, stop: 2 }]],
  ]);
  // It was ignored; or never told.
  assertEquals(state.momentOf(other), undefined);
  assertEquals(state.momentOf(vertex("a")), undefined);
});

Deno.test("BuildState drops the output of steps that ended well, where it is told to", () => {
  for (const keepDone of [true, false]) {
    const state = new BuildState({ keepDone });
    const steps = {
      runs: { started: 1 },
      failed: { started: 1, completed: 2, error: "no" },
      done: { started: 1, completed: 2 },
    };
    for (const [digest, fields] of Object.entries(steps)) {
      state.apply(vertex(digest, { started: 1 }));
      state.apply(log(digest, "x\n"));
      state.apply(vertex(digest, fields));
    }
    assertEquals(
      ["runs", "failed", "done"].map((digest) =>
        state.get(digest)!.tail.lines(9).length
      ),
      [1, 1, keepDone ? 1 : 0],
    );
  }
});

Deno.test("BuildState writes anew all that it keeps, and goes on with that", () => {
  const hidden = (text: string) => text.replaceAll("VALUE", "***");
  const to = {
    text: hidden,
    sentence: hidden,
    bytes: (bytes: Uint8Array) =>
      encoder.encode(hidden(new TextDecoder().decode(bytes))),
  };
  const state = new BuildState({ tailBytes: 20 });
  const group = { id: "g", name: "group VALUE", weak: false };
  const failed = { started: 1, completed: 2, error: "failed by VALUE" };
  state.apply(vertex("a", { name: "RUN VALUE", ...failed }));
  state.apply(vertex("b", { group, ...failed }));
  state.apply(vertex("planned", { name: "RUN VALUE later" }));
  state.apply(log("a", "lost lost lost\nkept VALUE\n"));
  const status = {
    type: "status",
    vertex: "a",
    id: "naming to VALUE",
    name: "",
    current: 1,
    total: undefined,
    time: 1,
    started: 1,
    completed: undefined,
  } as const satisfies StatusEvent;
  state.apply(status);
  const source = { file: "VALUE.txt", text: "ENV a=VALUE", ranges: [] };
  const warning: WarningEvent = {
    type: "warning",
    vertex: "a",
    level: 1,
    short: "VALUE is seen",
    detail: ["really: VALUE"],
    url: "https://h.example/VALUE",
    source,
    code: undefined,
  };
  state.apply(warning);
  state.apply({ ...warning, vertex: undefined, code: "secret-visible" });
  state.rewrite(to);
  const all = Deno.inspect([
    state.steps(),
    state.names(),
    state.warnings,
    [...state.vertices].map(({ statuses, warnings, tail, name, error }) => [
      [...statuses],
      warnings,
      tail.lines(10),
      name,
      error,
    ]),
  ], { depth: 10 });
  assert(!all.includes("VALUE"), all);
  const a = state.get("a")!;
  assertEquals(a.tail.lines(10), ["kept ***"]);
  assertEquals(a.warnings[0], state.warnings[0]);
  assertEquals(state.warnings[0]!.source, {
    file: "***.txt",
    text: "ENV a=***",
    ranges: [],
  });
  // What comes later comes rewritten: it is the same action, and the same group.
  state.apply({ ...status, id: "naming to ***", current: 2 });
  assertEquals([...a.statuses.values()].map(({ current }) => current), [2]);
  state.apply(vertex("c", { group, started: 3 }));
  assertEquals(state.get("c")!.error, "failed by ***");
  state.apply(log("a", "more\n"));
  assertEquals(a.tail.lines(10).at(-1), "more");
});
