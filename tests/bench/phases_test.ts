import { assertEquals, assertThrows } from "../support/assert.ts";
import { costsOf, stepTimes } from "./context/phases.ts";

/** A line of a log of `--progress=rawjson`, with times in seconds of a minute. */
function line(name: string, started: number, completed?: number): string {
  const time = (second: number) =>
    `2026-01-02T03:04:0${second.toFixed(3)}123456Z`;
  return JSON.stringify({
    vertexes: [{
      name,
      started: time(started),
      ...(completed === undefined ? {} : { completed: time(completed) }),
    }],
  });
}

const MINUTE = Date.parse("2026-01-02T03:04:00Z");

Deno.test("the parts of a build are as long as the engine says, and have what the processes used in that time", () => {
  const times = stepTimes([
    line("[internal] load build definition from Dockerfile", 1, 1.5),
    line("[internal] load build context", 2),
    "a warning of the client",
    line("[internal] load build context", 2, 4),
    line("[1/1] COPY . /", 4, 5),
    line("exporting to image", 5, 7),
    "",
  ].join("\n"));
  const looks = [
    { at: MINUTE + 1000, engineSeconds: 10, clientSeconds: 0 },
    { at: MINUTE + 3000, engineSeconds: 12, clientSeconds: 1 },
    { at: MINUTE + 8000, engineSeconds: 17, clientSeconds: 1 },
  ];
  const costs = costsOf(MINUTE, looks, times);
  assertEquals(costs, {
    transfer: { milliseconds: 2000, engineSeconds: 2, clientSeconds: 0.5 },
    COPY: { milliseconds: 1000, engineSeconds: 1, clientSeconds: 0 },
    export: { milliseconds: 2000, engineSeconds: 2, clientSeconds: 0 },
    rest: { milliseconds: 3000, engineSeconds: 2, clientSeconds: 0.5 },
  });
  times.delete("COPY");
  assertThrows(() => costsOf(MINUTE, looks, times), Error, "no time of COPY");
});
