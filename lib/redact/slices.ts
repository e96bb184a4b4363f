/**
 * Work that is cut into pieces: a generator that yields between two of them.
 *
 * @module
 */

/** States of a trie that are gone through without a pause. */
export const STATES_A_SLICE = 16_384;

/** Does all of it without a pause. */
export function atOnce<T>(work: Generator<void, T>): T {
  while (true) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}
