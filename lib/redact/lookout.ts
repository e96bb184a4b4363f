/**
 * Looks for the next place where an escape may be the first of a value: most of
 * a text is told by two bytes at a time (`glance.ts`), 16 together.
 *
 * @module
 */

import { FOLLOWS, GOES_ON } from "./glance.ts";
import { isNoEscape, type Neighbours } from "./neighbours.ts";

/** Tables that are read to find it. */
export interface LookoutTables extends Neighbours {
  /** By two bytes (`glance.ts`). */
  readonly glance: Uint8Array;
}

/** A shorter text is searched without words: to make them would take longer. */
const MIN_WORDS_BYTES = 256;
/** How many bytes are compared together. */
const GROUP = 16;
const LOOK = GOES_ON | FOLLOWS;

/** Four bytes at a time, from the first on that lies at a multiple of four; none of a short text. */
export function wordsOf(text: Uint8Array): Int32Array | undefined {
  if (text.length < MIN_WORDS_BYTES) return undefined;
  const shift = -text.byteOffset & 3;
  return new Int32Array(
    text.buffer,
    text.byteOffset + shift,
    (text.length - shift) >> 2,
  );
}

/** The next such place, from `from` on; `until` if there is none. */
export function nextSought(
  tables: LookoutTables,
  text: Uint8Array,
  words: Int32Array | undefined,
  from: number,
  until: number,
): number {
  if (words === undefined) return nextInPairs(tables, text, from, until);
  const { glance } = tables;
  const shift = -text.byteOffset & 3;
  let at = from;
  // Up to where a word begins.
  for (; at < until && (at - shift & 3) !== 0; at++) {
    if (isSought(tables, text, at)) return at;
  }
  const end = (until - GROUP - shift) >> 2;
  let word = (at - shift) >> 2;
  let bits = 0;
  while (true) {
    for (; word <= end; word += GROUP / 4) {
      const a = words[word]!;
      const b = words[word + 1]!;
      const c = words[word + 2]!;
      const d = words[word + 3]!;
      bits = glance[a & 0xffff]! | glance[a >>> 16]! |
        glance[b & 0xffff]! | glance[b >>> 16]! |
        glance[c & 0xffff]! | glance[c >>> 16]! |
        glance[d & 0xffff]! | glance[d >>> 16]!;
      if ((bits & LOOK) !== 0) break;
    }
    const group = (word << 2) + shift;
    if (word > end) {
      return nextInPairs(tables, text, Math.max(from, group), until);
    }
    word += GROUP / 4;
    const found = nextInPairs(tables, text, group, group + GROUP);
    if (found < group + GROUP) return found;
  }
}

/** The same search, two bytes at a time. */
function nextInPairs(
  tables: LookoutTables,
  text: Uint8Array,
  from: number,
  until: number,
): number {
  const { glance } = tables;
  let at = from;
  while (true) {
    for (; at + 8 <= until; at += 8) {
      const bits = glance[text[at]! | text[at + 1]! << 8]! |
        glance[text[at + 2]! | text[at + 3]! << 8]! |
        glance[text[at + 4]! | text[at + 5]! << 8]! |
        glance[text[at + 6]! | text[at + 7]! << 8]!;
      if ((bits & LOOK) !== 0) break;
    }
    const end = Math.min(at + 8, until);
    for (; at + 1 < end; at += 2) {
      const bits = glance[text[at]! | text[at + 1]! << 8]! & LOOK;
      if (bits === 0) continue;
      if ((bits & GOES_ON) !== 0 && isSought(tables, text, at)) return at;
      if ((bits & FOLLOWS) !== 0 && isSought(tables, text, at + 1)) {
        return at + 1;
      }
    }
    if (at + 1 >= until) break;
  }
  return at < until && isSought(tables, text, at) ? at : until;
}

/** Whether an escape may be there; what is before the text or behind it may be anything. */
function isSought(
  tables: LookoutTables,
  text: Uint8Array,
  at: number,
): boolean {
  const { glance } = tables;
  const byte = text[at]!;
  if (at > 0 && (glance[text[at - 1]! | byte << 8]! & FOLLOWS) === 0) {
    return false;
  }
  if (
    at + 1 < text.length &&
    (glance[byte | text[at + 1]! << 8]! & GOES_ON) === 0
  ) return false;
  if (at === 0 && at + 1 >= text.length && tables.introducers[byte] === 0) {
    return false;
  }
  return !isNoEscape(text, at, tables);
}
