import type { LineTime, TimedStep } from "./timings.ts";

/** The time of each instruction, by its first line. */
export function lineTimes(
  steps: readonly Pick<TimedStep, "lines" | "durationMs" | "cached">[],
): LineTime[] {
  const times = new Map<number, LineTime>();
  for (const [at, { lines, durationMs, cached }] of steps.entries()) {
    if (lines === undefined) continue;
    const { start, end } = lines;
    const before = times.get(start);
    times.set(start, {
      start,
      end: Math.max(end, before?.end ?? 0),
      durationMs: durationMs + (before?.durationMs ?? 0),
      steps: [...before?.steps ?? [], at],
      cached: cached && (before?.cached ?? true),
    });
  }
  return [...times.values()].sort((a, b) => a.start - b.start);
}
