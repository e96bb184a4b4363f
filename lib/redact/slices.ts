/**
 * Work that is cut into pieces: a generator that yields between two of them.
 *
 * @module
 */

/** How long a slice may take before others get their turn, in milliseconds. */
const SLICE_MS = 4;

/** The slice before: of all that is done in slices, one runs at a time. */
let before: Promise<void> = Promise.resolve();
/** When the pause behind it is over, by `performance.now()`. */
let pausedUntil = 0;

/** States of a trie that are gone through without a pause. */
export const STATES_A_SLICE = 16_384;

/** Does all of it without a pause. */
export function atOnce<T>(work: Generator<void, T>): T {
  while (true) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/**
 * Does it in slices. Behind each there is a pause as long as it took, in which
 * whatever waits for the event loop gets its turn; several that are done so
 * take turns, and share that half of the time.
 *
 * @param signal Ends it between two slices, with its reason.
 */
export async function inSlices<T>(
  work: Generator<void, T>,
  signal?: AbortSignal,
): Promise<T> {
  while (true) {
    const mine = Promise.withResolvers<void>();
    const last = before;
    before = mine.promise;
    await last;
    const pause = pausedUntil - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    const begun = performance.now();
    try {
      signal?.throwIfAborted();
      do {
        const { done, value } = work.next();
        if (done === true) return value;
      } while (performance.now() - begun < SLICE_MS);
    } finally {
      const now = performance.now();
      pausedUntil = now + now - begun;
      mine.resolve();
    }
  }
}
