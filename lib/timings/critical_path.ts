import type { CriticalStep, TimedStep } from "./timings.ts";

/** What the path is found by. */
type Timed = Pick<TimedStep, "periods" | "inputs" | "cached">;

/**
 * How much later than a step's begin another one may have ended that it waited
 * for: an engine stamps both by the same clock, one after the other. What is
 * shorter is no work, but a result that is there already.
 */
const TOLERANCE_MS = 2;

/**
 * The steps that a build's length comes from: beginning with the step that ended
 * last, each time the input that ended last. A result from the cache takes no
 * time: what is built upon it waited for what that was built upon. A step that
 * names no inputs, as an export or the load of a base image, waited for the step
 * that had ended last when it began.
 *
 * @param last The step that the path ends with, where it is not the one that
 * ended last.
 */
export function criticalPath(
  steps: readonly Timed[],
  last: number | undefined = lastOf(
    steps,
    Infinity,
    steps.keys().filter((at) => !steps[at]!.cached),
  ),
): CriticalStep[] {
  const path: CriticalStep[] = [];
  const seen = new Set<number>();
  let until = Infinity;
  for (let at = last; at !== undefined;) {
    seen.add(at);
    const { periods } = steps[at]!;
    const end = endBefore(steps[at]!, until);
    const start = Math.min(periods[0]!.startMs, end);
    const before = lastOf(steps, start, waitedFor(steps, at, start), seen);
    const begin = before === undefined
      ? 0
      : Math.min(end, endBefore(steps[before]!, start));
    const ownMs = periods.reduce((sum, { startMs, endMs }) => {
      const ran = Math.min(endMs, end) - Math.max(startMs, begin);
      return sum + Math.max(0, ran);
    }, 0);
    path.unshift({ step: at, ownMs, waitMs: Math.max(0, end - begin - ownMs) });
    until = start;
    at = before;
  }
  return path;
}

/** The steps, not from the cache, one of which a step has waited for. */
function waitedFor(
  steps: readonly Timed[],
  at: number,
  start: number,
): Iterable<number> {
  const inputs = worked(steps, at);
  if (inputs.length > 0) return inputs;
  const isBuilt = steps[at]!.inputs.length > 0;
  // All that it is built upon was there: it waited for what the builder loads.
  return steps.keys().filter((place) => {
    const { cached, inputs, periods } = steps[place]!;
    return !cached && !(isBuilt && inputs.length > 0) &&
      periods[0]!.endMs <= start + TOLERANCE_MS;
  });
}

/** What a step is built upon; for what came from the cache, what that is built upon. */
function worked(steps: readonly Timed[], at: number): number[] {
  const found: number[] = [];
  const seen = new Set([at]);
  const open = [...steps[at]!.inputs];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (steps[next]!.cached) open.push(...steps[next]!.inputs);
    else found.push(next);
  }
  return found.sort((a, b) => a - b);
}

/**
 * When a step had ended for one that began then. An engine tells of a result
 * again, with a period of no length, when another step needs it: this is no end.
 */
function endBefore({ periods, cached }: Timed, time: number): number {
  const ends = periods.filter(({ startMs, endMs }, at) =>
    at === 0 || !cached && endMs - startMs > TOLERANCE_MS
  ).map(({ endMs }) => endMs);
  return ends.findLast((end) => end <= time + TOLERANCE_MS) ?? time;
}

/**
 * The one that ended last before a time. Of two that ended at about the same
 * time it is the one that took longer.
 */
function lastOf(
  steps: readonly Timed[],
  time: number,
  among: Iterable<number>,
  but: ReadonlySet<number> = new Set(),
): number | undefined {
  let last: { at: number; end: number; start: number } | undefined;
  for (const at of among) {
    if (but.has(at)) continue;
    const step = steps[at]!;
    const end = endBefore(step, time);
    const start = step.periods[0]!.startMs;
    const later = last === undefined ? Infinity : end - last.end;
    const isLater = Math.abs(later) > TOLERANCE_MS
      ? later > 0
      : start <= last!.start;
    if (isLater) last = { at, end, start };
  }
  return last?.at;
}
