import type { CriticalStep, TimedStep } from "./timings.ts";

/** What the path is found by. */
type Timed =
  & Pick<TimedStep, "startMs" | "endMs" | "inputs">
  & Partial<Pick<TimedStep, "cached">>;

/**
 * How much later than a step's begin another one may have ended that it waited
 * for: an engine stamps both by the same clock, one after the other.
 */
const TOLERANCE_MS = 2;

/**
 * The steps that a build's length comes from: beginning with the step that ended
 * last, each time the input that ended last. A step that names no inputs, as an
 * export or the load of a base image, waited for the step that had ended last
 * when it began.
 *
 * @param last The step that the path ends with, where it is not the one that
 * ended last.
 */
export function criticalPath(
  steps: readonly Timed[],
  last: number | undefined = lastOf(
    steps,
    steps.keys(),
    steps.map(({ endMs }) => endMs),
  ),
): CriticalStep[] {
  const path: CriticalStep[] = [];
  const ready = readyTimes(steps);
  const seen = new Set<number>();
  for (let at = last; at !== undefined;) {
    seen.add(at);
    const step = steps[at]!;
    const before = lastOf(
      steps,
      step.inputs.length > 0
        ? step.inputs
        : endedBy(steps, step.startMs + TOLERANCE_MS),
      ready,
      seen,
    );
    const begin = before === undefined ? 0 : steps[before]!.endMs;
    path.unshift({
      step: at,
      ownMs: Math.max(0, step.endMs - Math.max(step.startMs, begin)),
      waitMs: Math.max(0, step.startMs - begin),
    });
    at = before;
  }
  return path;
}

function* endedBy(steps: readonly Timed[], time: number): Iterable<number> {
  for (const [at, { endMs }] of steps.entries()) if (endMs <= time) yield at;
}

/**
 * When each step's result was there. A step that comes from the cache takes no
 * time, and an engine tells of it only when it tells of what is made of it: its
 * result was there when its inputs were.
 */
function readyTimes(steps: readonly Timed[]): number[] {
  const ready = steps.map(({ endMs }) => endMs);
  // Steps stand in the order in which they began: inputs come before.
  for (const [at, { cached, inputs }] of steps.entries()) {
    if (cached && inputs.length > 0) {
      ready[at] = Math.min(
        ready[at]!,
        Math.max(...inputs.map((input) => ready[input]!)),
      );
    }
  }
  return ready;
}

/**
 * Whether a step of later in the list ended later. Of two that ended at about
 * the same time it is the one that took longer: a step that came from the cache
 * is told when all that it needs is there, and took none of the time.
 */
function isLater(
  steps: readonly Timed[],
  ready: readonly number[],
  one: number,
  other: number,
): boolean {
  const by = ready[one]! - ready[other]!;
  if (Math.abs(by) > TOLERANCE_MS) return by > 0;
  return steps[one]!.startMs <= steps[other]!.startMs;
}

/** The one that ended last. */
function lastOf(
  steps: readonly Timed[],
  among: Iterable<number>,
  ready: readonly number[],
  but: ReadonlySet<number> = new Set(),
): number | undefined {
  let last: number | undefined;
  for (const at of among) {
    if (but.has(at)) continue;
    if (last === undefined || isLater(steps, ready, at, last)) last = at;
  }
  return last;
}
