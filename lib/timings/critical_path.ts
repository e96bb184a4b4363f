import type { CriticalStep, TimedStep } from "./timings.ts";

/** What the path is found by. */
type Step = Pick<TimedStep, "periods" | "inputs" | "cached">;

/** A step's result was there, for one that began behind that time. */
interface End {
  /** The step's place in the list. */
  readonly at: number;
  /** When it was there. */
  readonly end: number;
  /** When the step began. */
  readonly start: number;
}

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
  steps: readonly Step[],
  last?: number,
): CriticalStep[] {
  const ends = steps.map(endsOf);
  const ended = ends.filter((_, at) => !steps[at]!.cached).flat()
    .sort((a, b) => a.end - b.end);
  const path: CriticalStep[] = [];
  const seen = new Set<number>();
  let step = last === undefined
    ? lastEnded(ended, Infinity, () => true)
    : ends[last]!.at(-1);
  while (step !== undefined) {
    const { at, start, end } = step;
    seen.add(at);
    const before = inputBefore(steps, ends, at, start, seen) ??
      lastEnded(ended, start, (other) =>
        !seen.has(other) &&
        // All that it is built upon was there, or in a circle: it waited for
        // what the builder has loaded.
        (steps[at]!.inputs.length === 0 || steps[other]!.inputs.length === 0));
    const begin = before?.end ?? 0;
    const ownMs = steps[at]!.periods.reduce((sum, { startMs, endMs }) => {
      const ran = Math.min(endMs, end) - Math.max(startMs, begin);
      return sum + Math.max(0, ran);
    }, 0);
    path.unshift({ step: at, ownMs, waitMs: Math.max(0, end - begin - ownMs) });
    step = before;
  }
  return path;
}

/** The input that ended last when a step began. */
function inputBefore(
  steps: readonly Step[],
  ends: readonly (readonly End[])[],
  at: number,
  start: number,
  seen: ReadonlySet<number>,
): End | undefined {
  let last: End | undefined;
  for (const input of workedInputs(steps, at)) {
    if (seen.has(input)) continue;
    const before = ends[input]!.findLast(({ end }) =>
      end <= start + TOLERANCE_MS
    ) ?? { ...ends[input]![0]!, end: start };
    if (last === undefined || isLater(before, last)) last = before;
  }
  return last;
}

/** What a step is built upon; for what came from the cache, what that is built upon. */
function workedInputs(steps: readonly Step[], at: number): number[] {
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
 * When a step's result was there. An engine tells of a result again, with a
 * period of no length, when another step needs it: this is no end.
 */
function endsOf({ periods, cached }: Step, at: number): End[] {
  const start = periods[0]!.startMs;
  return periods.filter(({ startMs, endMs }, place) =>
    place === 0 || !cached && endMs - startMs > TOLERANCE_MS
  ).map(({ endMs }) => ({ at, end: endMs, start }));
}

/** The last end before a time, of those in the order of time. */
function lastEnded(
  ended: readonly End[],
  time: number,
  isAsked: (at: number) => boolean,
): End | undefined {
  let place = ended.length;
  for (let low = 0; low < place;) {
    const middle = (low + place) >> 1;
    if (ended[middle]!.end <= time + TOLERANCE_MS) low = middle + 1;
    else place = middle;
  }
  let last: End | undefined;
  while (place-- > 0) {
    const one = ended[place]!;
    if (last !== undefined && one.end < last.end - TOLERANCE_MS) break;
    if (isAsked(one.at) && (last === undefined || isLater(one, last))) {
      last = one;
    }
  }
  return last;
}

/**
 * Whether one ended later than another. Of two that ended at about the same time
 * it is the one that took longer.
 */
function isLater(one: End, other: End): boolean {
  const by = one.end - other.end;
  return Math.abs(by) > TOLERANCE_MS ? by > 0 : one.start <= other.start;
}
