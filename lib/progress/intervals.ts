/** A period in which a step ran, in milliseconds since the epoch. */
export interface Interval {
  /** When the period began. */
  readonly start: number;
  /** When it ended; undefined while the step runs. */
  readonly stop: number | undefined;
}

/**
 * Joins intervals that overlap, and sorts them by time; an interval without an
 * end includes all that begin later.
 */
export function mergeIntervals(intervals: Iterable<Interval>): Interval[] {
  const sorted = [...intervals].sort((a, b) => a.start - b.start);
  const merged: Interval[] = [];
  for (const interval of sorted) {
    const last = merged.at(-1);
    if (last === undefined) merged.push(interval);
    else if (last.stop === undefined) break;
    else if (last.stop < interval.start) merged.push(interval);
    else {
      const stop = interval.stop === undefined
        ? undefined
        : Math.max(last.stop, interval.stop);
      merged[merged.length - 1] = { start: last.start, stop };
    }
  }
  return merged;
}

/**
 * The total of all intervals, in milliseconds; an interval without an end
 * counts until `now`.
 */
export function totalDuration(
  intervals: readonly Interval[],
  now: number,
): number {
  return intervals.reduce(
    (sum, { start, stop }) => sum + Math.max(0, (stop ?? now) - start),
    0,
  );
}
