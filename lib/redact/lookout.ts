/**
 * Looks for the next place where an escape may be the first of a value: most of
 * a text is told by two bytes at a time (`glance.ts`), 16 together.
 *
 * @module
 */

import {
  FIRST_OUTSIDE,
  FOLLOWS,
  GOES_ON,
  SECOND_OUTSIDE,
  STRING,
} from "./glance.ts";
import { isNoEscape, type Neighbours } from "./neighbours.ts";

/** Tables that are read to find it. */
export interface LookoutTables extends Neighbours {
  /** By two bytes (`glance.ts`). */
  readonly glance: Uint8Array;
}

/** A shorter text is looked at without words: to make them takes longer. */
const MIN_WORDS_BYTES = 256;
/** Bytes that are looked at together. */
const GROUP = 16;
/** By place of a group, that a byte stands in no value; and that a string may begin. */
const STRING_IN_GROUP = 1 << GROUP;
const LOOK = GOES_ON | FOLLOWS;
const OUTSIDE = FIRST_OUTSIDE | SECOND_OUTSIDE;

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

/** The next place, from `from` on; `until` if there is none. */
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
    if (
      (bits & OUTSIDE) !== 0 && (bits & STRING) === 0 && group >= GROUP &&
      word <= end && isCrowded(tables, text, group)
    ) continue;
    const found = nextInPairs(tables, text, group, group + GROUP);
    if (found < group + GROUP) return found;
  }
}

/** The same, two bytes at a time. */
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

/** Whether bytes that stand in no value leave no room for one that reaches into a group. */
function isCrowded(
  tables: LookoutTables,
  text: Uint8Array,
  group: number,
): boolean {
  const { glance } = tables;
  const here = outsideOf(glance, text, group);
  const behind = outsideOf(glance, text, group + GROUP);
  if (behind >= STRING_IN_GROUP) return false;
  const before = outsideOf(glance, text, group - GROUP) & (STRING_IN_GROUP - 1);
  return !isRoom(before | here << GROUP, tables) &&
    !isRoom(here | behind << GROUP, tables);
}

/** Which bytes of a group stand in no value, a bit each, and whether a string may begin. */
function outsideOf(
  glance: Uint8Array,
  text: Uint8Array,
  group: number,
): number {
  let outside = 0;
  let any = 0;
  for (let i = 0; i < GROUP; i += 2) {
    const bits = glance[text[group + i]! | text[group + i + 1]! << 8]!;
    any |= bits;
    outside |= ((bits & OUTSIDE) >> 2) << i;
  }
  if ((any & STRING) === 0) return outside;
  return outside | STRING_IN_GROUP;
}

/** Whether the shortest pattern has room between those of 32 places that stand in no value. */
function isRoom(outside: number, { shortest }: LookoutTables): boolean {
  let inside = ~outside;
  inside &= inside >>> 1;
  inside &= inside >>> 2;
  // Four in a row now; each pattern has as many.
  if (shortest >= 8) inside &= inside >>> 4;
  return inside !== 0;
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
