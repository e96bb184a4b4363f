import type { LogEvent } from "../../lib/progress/event.ts";
import { eventsOf } from "../../lib/progress/status_events.ts";
import { TextCarry } from "../../lib/progress/log_event.ts";
import type { SolveStatus, VertexLog } from "../../lib/progress/trace.ts";
import { assertEquals } from "../support/assert.ts";
import { eventsOfTrace } from "./traces.ts";

const encoder = new TextEncoder();

function logStatus(...logs: Partial<VertexLog>[]): SolveStatus {
  return {
    vertexes: [],
    statuses: [],
    warnings: [],
    logs: logs.map((log) => ({
      vertex: "v",
      stream: 1,
      timestamp: { seconds: 1, nanos: 500_000_000 },
      data: new Uint8Array(),
      ...log,
    })),
  };
}

Deno.test("eventsOf() tells vertices, statuses, warnings and logs of a real build", () => {
  const events = eventsOfTrace("28_warnings").flat();
  const types = new Set(events.map(({ type }) => type));
  assertEquals([...types].sort(), ["image", "status", "vertex", "warning"]);
  const warning = events.find((event) => event.type === "warning");
  assertEquals(
    warning?.type === "warning" && warning.short,
    "StageNameCasing: Stage name 'Tools' should be lowercase (line 1)",
  );
  assertEquals(warning?.type === "warning" && warning.source?.ranges, [
    { start: { line: 1, character: 0 }, end: { line: 1, character: 0 } },
  ]);
  assertEquals(
    warning?.type === "warning" && warning.source?.file,
    "Dockerfile",
  );
});

Deno.test("eventsOf() tells both streams of a RUN step", () => {
  for (const name of ["20_failing_run", "28_failing_run"]) {
    const logs = eventsOfTrace(name).flat().filter((event) =>
      event.type === "log"
    );
    assertEquals(
      logs.slice(-2).map(({ stream, text }) => [stream, text]),
      [["stdout", "before\n"], ["stderr", "wrong\n"]],
    );
  }
});

Deno.test("a log event's text is right however characters are cut", () => {
  const text = "a é € 😀 \ufeff z";
  const bytes = encoder.encode(text);
  for (let size = 1; size <= 5; size++) {
    const carry = new TextCarry();
    let joined = "";
    let all = 0;
    for (let at = 0; at < bytes.length; at += size) {
      const data = bytes.subarray(at, at + size);
      const other = { stream: 2, data: encoder.encode("x") };
      const events = eventsOf(logStatus({ data }, other), carry) as LogEvent[];
      joined += events[0]!.text;
      all += events[0]!.bytes.length;
      assertEquals(events[1]!.text, "x");
    }
    assertEquals(joined, text);
    assertEquals(all, bytes.length);
  }
});

Deno.test("a log event becomes JSON with its text", () => {
  const [event] = eventsOf(logStatus({ data: encoder.encode("hi") }));
  assertEquals(JSON.parse(JSON.stringify(event)), {
    type: "log",
    vertex: "v",
    stream: "stdout",
    text: "hi",
    time: 1500,
  });
});

const time = (seconds: number) => ({ seconds, nanos: 0 });

Deno.test("eventsOf(): every field of a step, of progress and of a warning", () => {
  const vertex = {
    digest: "v",
    inputs: ["i"],
    name: "n",
    cached: true,
    started: time(1),
    completed: time(2),
    error: "e",
    group: { id: "g", name: "group", weak: true },
  };
  const status = {
    id: "s",
    vertex: "v",
    name: "n",
    current: 1,
    total: 2,
    timestamp: time(3),
    started: time(1),
    completed: time(2),
  };
  const warning = {
    vertex: "v",
    level: 1,
    short: encoder.encode("short"),
    detail: [encoder.encode("one"), encoder.encode("two")],
    url: "https://a.example",
    info: {
      filename: "Dockerfile",
      data: encoder.encode("FROM a"),
      language: "",
    },
    ranges: [],
  };
  const events = (status: Partial<SolveStatus>) =>
    eventsOf({ vertexes: [], statuses: [], warnings: [], logs: [], ...status });
  // What the engine sent goes with it, and is seen by no program.
  const shown = (status: Partial<SolveStatus>) =>
    events(status).map((event) => Object.fromEntries(Object.entries(event)));
  assertEquals<unknown>(shown({ vertexes: [vertex] }), [{
    ...vertex,
    type: "vertex",
    started: 1000,
    completed: 2000,
  }]);
  assertEquals<unknown>(
    shown({
      vertexes: [{
        ...vertex,
        started: undefined,
        completed: undefined,
        error: "",
        group: undefined,
      }],
    }),
    [{
      ...vertex,
      type: "vertex",
      started: undefined,
      completed: undefined,
      error: undefined,
      group: undefined,
    }],
  );
  for (
    const [fields, told] of [
      [{}, { time: 3000, started: 1000, completed: 2000 }],
      [{ timestamp: undefined }, {
        time: 2000,
        started: 1000,
        completed: 2000,
      }],
      [{ timestamp: undefined, completed: undefined }, {
        time: 1000,
        started: 1000,
        completed: undefined,
      }],
      [
        { timestamp: undefined, completed: undefined, started: undefined },
        { time: 0, started: undefined, completed: undefined },
      ],
      [{ total: 0 }, {
        total: undefined,
        time: 3000,
        started: 1000,
        completed: 2000,
      }],
    ] as const
  ) {
    assertEquals<unknown>(shown({ statuses: [{ ...status, ...fields }] }), [{
      type: "status",
      id: "s",
      vertex: "v",
      name: "n",
      current: 1,
      total: 2,
      ...told,
    }]);
  }
  for (
    const [fields, told] of [
      [{}, {}],
      [{ vertex: "", url: "", info: undefined }, {
        vertex: undefined,
        url: undefined,
        source: undefined,
      }],
      [{ info: { ...warning.info, data: new Uint8Array() } }, {
        source: { file: "Dockerfile", text: undefined, ranges: [] },
      }],
    ] as const
  ) {
    assertEquals<unknown>(shown({ warnings: [{ ...warning, ...fields }] }), [{
      type: "warning",
      vertex: "v",
      level: 1,
      short: "short",
      detail: ["one", "two"],
      url: "https://a.example",
      source: { file: "Dockerfile", text: "FROM a", ranges: [] },
      code: undefined,
      ...told,
    }]);
  }
});

Deno.test("eventsOf() tells steps first, then progress, warnings and output", () => {
  const types = eventsOf({
    logs: logStatus({}).logs,
    warnings: [{
      vertex: "",
      level: 0,
      short: new Uint8Array(),
      detail: [],
      url: "",
      info: undefined,
      ranges: [],
    }],
    statuses: [{
      id: "",
      vertex: "",
      name: "",
      current: 0,
      total: 0,
      timestamp: undefined,
      started: undefined,
      completed: undefined,
    }],
    vertexes: [{
      digest: "",
      inputs: [],
      name: "",
      cached: false,
      started: undefined,
      completed: undefined,
      error: "",
      group: undefined,
    }],
  }).map(({ type }) => type);
  assertEquals(types, ["vertex", "status", "warning", "log"]);
});

Deno.test("a log event has all whole characters at once, and holds back the beginning of one", () => {
  for (
    const [bytes, text] of [
      [[], ""],
      [[0x61], "a"],
      [[0x7f], "\x7f"],
      // Two, three and four bytes: whole, and each beginning.
      [[0xc3, 0xa9], "é"],
      [[0x61, 0xc3], "a"],
      [[0xe2, 0x82, 0xac], "€"],
      [[0xe2, 0x82], ""],
      [[0xe2], ""],
      [[0xe0, 0xa4, 0x85], "अ"],
      [[0xe0, 0xa4], ""],
      [[0xe2, 0x80, 0x80], "\u2000"],
      [[0xe2, 0x80], ""],
      [[0xf0, 0x9f, 0x98, 0x80], "😀"],
      [[0xf0, 0x9f, 0x98], ""],
      [[0xf0, 0x9f], ""],
      [[0xf0], ""],
      // What begins none is shown as it is.
      [[0x80], "\ufffd"],
      [[0x61, 0xbf, 0xbf, 0xbf, 0xbf], "a\ufffd\ufffd\ufffd\ufffd"],
      [[0xc0], ""],
    ] as const
  ) {
    const carry = new TextCarry();
    const data = Uint8Array.from(bytes);
    const [event] = eventsOf(logStatus({ data }), carry) as LogEvent[];
    assertEquals(event!.text, text, String(bytes));
    // Nothing is kept of what is whole.
    const isWhole = encoder.encode(text).length >= bytes.length;
    assertEquals(carry.take("1 v") === undefined, isWhole, String(bytes));
  }
  const [event] = eventsOf(logStatus({ timestamp: undefined })) as LogEvent[];
  assertEquals(event!.time, 0);
});
