/**
 * The skip table: from a few bytes ahead it tells for how many positions no
 * pattern can start.
 *
 * @module
 */

import { STATES_A_SLICE } from "./slices.ts";
import type { Trie } from "./trie.ts";

/** Jumps for the root state, where no pattern has begun. */
export interface SkipTable {
  /** Window in bytes: the length of the shortest word. */
  readonly window: number;
  /** Bits to shift a 32-bit product down to an index of `shifts`. */
  readonly down: number;
  /**
   * By the hash of the last {@link GRAM} bytes of the window, the number of
   * positions at which no word starts; 0 if one may start at the first.
   */
  readonly shifts: Uint8Array;
  /** By the hash of {@link GRAM} bytes: 1 if a word begins with them. */
  readonly begins: Uint8Array;
}

/** Bytes hashed together. */
export const GRAM: number = 3;

/** Odd multiplier that spreads a gram over 32 bits (2^32 / golden ratio, signed). */
export const GRAM_FACTOR: number = -0x61c88647;

/**
 * Table sizes, in bits: the small one fits into the processor's first cache,
 * the large one into the second.
 */
const MIN_BITS = 12;
const MAX_BITS = 19;

/**
 * Builds the table, piece by piece, from the words of a trie, `shortest` of which has
 * `shortest` bytes (at least {@link GRAM}).
 *
 * A word that starts `k` bytes into a window has, at the window's end, the gram
 * that ends at its byte `window - k`. If no word has the gram there, none
 * starts at that place. This is the bad-block rule of Wu and Manber; where it
 * finds nothing to skip, the automaton takes over, so the scan stays linear.
 *
 * @see Wu and Manber, "A fast algorithm for multi-pattern searching", 1994
 */
export function* buildSkipTable(
  trie: Trie,
  shortest: number,
): Generator<void, SkipTable> {
  const { label, child, depth } = trie;
  const window = shortest;
  // Breadth first: the states of depth up to `window` are the first ones.
  let states = 1;
  while (states < trie.states && depth[states]! <= window) states++;
  const bits = Math.max(
    MIN_BITS,
    Math.min(MAX_BITS, 5 + Math.ceil(Math.log2(states))),
  );
  const down = 32 - bits;
  const shifts = new Uint8Array(1 << bits).fill(window - GRAM + 1);
  const begins = new Uint8Array(1 << bits);
  const parent = new Int32Array(states);
  let up = 0;
  for (let state = 1; state < states; state++) {
    if (state % STATES_A_SLICE === 0) yield;
    while (child[up + 1]! <= state) up++;
    parent[state] = up;
    if (depth[state]! < GRAM) continue;
    const gram = label[state]! | label[up]! << 8 | label[parent[up]!]! << 16;
    const slot = Math.imul(gram, GRAM_FACTOR) >>> down;
    shifts[slot] = Math.min(shifts[slot]!, window - depth[state]!);
    if (depth[state] === GRAM) begins[slot] = 1;
  }
  return { window, down, shifts, begins };
}
