import { goDuration, goTime, parseGoDuration } from "../../lib/gotext/time.ts";
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

Deno.test("lengths of time and times are written as Go does", () => {
  assertEquals(
    [172800e9, 60e9, 61.5e9, 3661e9, 1e9, 1.25e9, 5e6, 1.5e6].map(goDuration),
    ["48h0m0s", "1m0s", "1m1.5s", "1h1m1s", "1s", "1.25s", "5ms", "1.5ms"],
  );
  const times: Record<string, string> = {
    "1970-01-01T00:00:00.000Z": "1970-01-01 00:00:00 +0000 UTC",
    "2026-01-02T03:04:05Z": "2026-01-02 03:04:05 +0000 UTC",
    "2026-01-02T03:04:05.060Z": "2026-01-02 03:04:05.06 +0000 UTC",
    "2026-01-02T03:04:05.000000007Z": "2026-01-02 03:04:05.000000007 +0000 UTC",
  };
  for (const [time, text] of Object.entries(times)) {
    assertEquals(goTime(time), text);
  }
});
