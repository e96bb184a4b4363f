/**
 * Work that is done in pieces: a generator that yields between two of them.
 *
 * @module
 */

/** How many states of a trie are handled without a pause. */
export const STATES_A_SLICE = 16_384;

/** Does all of the work without a pause. */
export function atOnce<T>(work: Generator<void, T>): T {
  while (true) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}
