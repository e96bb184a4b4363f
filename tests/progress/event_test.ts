import {
  eventsOf,
  type LogEvent,
  TextCarry,
} from "../../lib/progress/event.ts";
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
