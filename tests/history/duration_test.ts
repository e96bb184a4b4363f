import { parseGoDuration } from "../../lib/history/go_duration.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("durations are read as Go reads them, in nanoseconds", () => {
  const cases: Record<string, number | undefined> = {
    "0": 0,
    "1ns": 1,
    "2us": 2e3,
    "2µs": 2e3,
    "2μs": 2e3,
    "3ms": 3e6,
    "4s": 4e9,
    "5m": 300e9,
    "24h": 86_400e9,
    "1h30m0.5s": 5_400.5e9,
    "1.5h": 5_400e9,
    ".5s": 0.5e9,
    "1.s": 1e9,
    "+1s": 1e9,
    "-1m1s": -61e9,
    "0.4ns": 0,
    "0.6ns": 1,
    "": undefined,
    "1": undefined,
    s: undefined,
    ".s": undefined,
    "1d": undefined,
    "1 s": undefined,
    "1s ": undefined,
    "--1s": undefined,
    "1S": undefined,
    "1s2": undefined,
  };
  for (const [text, nanos] of Object.entries(cases)) {
    assertEquals(parseGoDuration(text), nanos, text);
  }
});
