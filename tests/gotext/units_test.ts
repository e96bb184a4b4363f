import {
  binarySize,
  buildDuration,
  humanDuration,
  humanSize,
} from "../../lib/gotext/units.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("sizes in units of 1024 bytes have four digits at the most", () => {
  assertEquals(
    [0, 1023, 1024, 1536, 25995000000, 2 ** 50, 2 ** 61].map(binarySize),
    ["0B", "1023B", "1KiB", "1.5KiB", "24.21GiB", "1PiB", "2048PiB"],
  );
});

Deno.test("sizes and times are worded as docker's commands word them", () => {
  const sizes: Record<string, number> = {
    "0B": 0,
    "999B": 999,
    "1kB": 1000,
    "1.5kB": 1500,
    "1.235MB": 1_234_567,
    "123.5MB": 123_456_789,
    "1000kB": 999_999,
    "1GB": 1e9,
    "2TB": 2e12,
    "1000YB": 1e27,
  };
  for (const [text, bytes] of Object.entries(sizes)) {
    assertEquals(humanSize(bytes), text);
  }
  const [s, m, h] = [1e3, 60e3, 3600e3];
  const durations: [ms: number, text: string][] = [
    [0, "Less than a second"],
    [999, "Less than a second"],
    [s, "1 second"],
    [2 * s, "2 seconds"],
    [59.9 * s, "59 seconds"],
    [m, "About a minute"],
    [2 * m, "2 minutes"],
    [59.9 * m, "59 minutes"],
    [h, "About an hour"],
    [1.4 * h, "About an hour"],
    [1.5 * h, "2 hours"],
    [47.4 * h, "47 hours"],
    [48 * h, "2 days"],
    [13.9 * 24 * h, "13 days"],
    [14 * 24 * h, "2 weeks"],
    [59 * 24 * h, "8 weeks"],
    [60 * 24 * h, "2 months"],
    [729 * 24 * h, "24 months"],
    [730 * 24 * h, "2 years"],
  ];
  for (const [ms, text] of durations) assertEquals(humanDuration(ms), text);
  assertEquals(
    [0, 59_900, 59_949, 60_000, 125_900, 3_600_000].map(buildDuration),
    [
      "0.0s",
      "59.9s",
      "59.9s",
      "1m  0s",
      "2m  5s",
      "60m  0s",
    ],
  );
});
