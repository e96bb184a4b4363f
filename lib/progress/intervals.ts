/** A time in which a step ran, in milliseconds since the epoch. */
export interface Interval {
  /** When it began. */
  readonly start: number;
  /** When it ended; absent while it runs. */
  readonly stop: number | undefined;
}

/** Joins intervals that overlap, in order of time; one that runs takes in all that begin later. */
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

/** Milliseconds in all intervals together; one that runs lasts until `now`. */
export function totalDuration(
  intervals: readonly Interval[],
  now: number,
): number {
  return intervals.reduce(
    (sum, { start, stop }) => sum + Math.max(0, (stop ?? now) - start),
    0,
  );
}
