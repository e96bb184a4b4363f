import type { TimedPeriod, TimedStep } from "./timings.ts";

/** The periods of a step that are drawn: so many, and all behind them as one. */
export function drawnPeriods(
  { periods, endMs }: Pick<TimedStep, "periods" | "endMs">,
  most: number,
): TimedPeriod[] {
  const rest = periods[most];
  return [
    ...periods.slice(0, most),
    ...rest === undefined ? [] : [{ startMs: rest.startMs, endMs }],
  ];
}
