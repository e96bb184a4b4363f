/**
 * Work that is done step by step. What it yields says that other work may go on
 * first: patterns of somebody else's checkout can cost any time.
 */
export type PausedWork<T> = Generator<undefined, T, undefined>;

/** Does work at once, for a caller that can't wait. */
export function withoutPauses<T>(work: PausedWork<T>): T {
  while (true) {
    const { done, value } = work.next();
    if (done) return value;
  }
}
