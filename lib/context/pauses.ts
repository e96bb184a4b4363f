/**
 * Work that is done in slices: each `yield` is a pause in which other work can
 * go on. The patterns of a foreign checkout may take any time.
 */
export type PausedWork<T> = Generator<undefined, T, undefined>;

/** Does work in one go, for a caller that is synchronous. */
export function withoutPauses<T>(work: PausedWork<T>): T {
  while (true) {
    const { done, value } = work.next();
    if (done) return value;
  }
}
