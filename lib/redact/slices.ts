/**
 * Work that is cut into pieces: a generator that yields between two of them.
 *
 * @module
 */

/** How long a slice may take before others get their turn, in milliseconds. */
const SLICE_MS = 8;

/** States of a trie that are gone through without a pause. */
export const STATES_A_SLICE = 16_384;

/** Does all of it without a pause. */
export function atOnce<T>(work: Generator<void, T>): T {
  while (true) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** Does it in slices; what waits for the event loop gets its turn between two. */
export async function inSlices<T>(work: Generator<void, T>): Promise<T> {
  while (true) {
    const end = performance.now() + SLICE_MS;
    do {
      const { done, value } = work.next();
      if (done === true) return value;
    } while (performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
