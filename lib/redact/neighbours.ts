/**
 * Tells by what stands round an escape whether it can be the first of a value
 * that is written with some.
 *
 * Before the first escape a value is written plainly, so it is known which
 * characters have to stand there. Whatever says no here, must be sure: what may
 * be is followed (`escape_matcher.ts`).
 *
 * @module
 */

import type { EscapeReader } from "./escapes.ts";
import type { Characters } from "./glance.ts";
import { beginsString, isOutside } from "./inside.ts";
import {
  HEX,
  IS_CONTROL,
  isLayer,
  isQuoting,
  MAX_ESCAPE_BYTES,
  SIGN,
} from "./introducers.ts";
import { hasTriple } from "./triples.ts";

/** The bytes that occur in the patterns, and next to each other. */
export interface Neighbours extends Characters {
  /** By two bytes, `first << 8 | second`: 1 if a pattern begins with them. */
  readonly starts: Uint8Array;
  /** Three bytes that a pattern has side by side (`triples.ts`). */
  readonly triples: Uint8Array;
  /** By byte: how it may stand in a value that is written with escapes (`inside.ts`). */
  readonly inside: Uint8Array;
  /** By byte: 1 for any introducer. */
  readonly introducers: Uint8Array;
  /** Bytes of the shortest pattern, or of the shortest piece that is told of a long one. */
  readonly shortest: number;
}

/** Whether the escape at a place can't be the first one of a value. */
export function isNoEscape(
  text: Uint8Array,
  at: number,
  known: Neighbours,
): boolean {
  const sign = text[at]!;
  const isSure = IS_CONTROL[sign] === 1
    ? isNoControl(text, at, known)
    : (sign === SIGN.equals || sign === SIGN.percent) &&
      isNoByte(text, at, known);
  return isSure || !hasRoom(text, at, known);
}

/** Whether it is surely no control character between two characters of a pattern. */
function isNoControl(
  text: Uint8Array,
  at: number,
  { before, chars, first, last, pairs, starts, triples, introducers }:
    Neighbours,
): boolean {
  if (at === 0) return false;
  const left = text[at - 1]!;
  if (isQuoting(left)) return false;
  if (before[left] === 0) return true;
  const isBehind = at > 1 && !isQuoting(text[at - 2]!);
  if (
    isBehind && first[left] === 0 && pairs[text[at - 2]! << 8 | left] === 0
  ) return true;
  const end = Math.min(text.length, at + MAX_ESCAPE_BYTES + 1);
  let right = at;
  // Some values have control characters of their own.
  while (
    right < end && isSingle(text[right]!) && chars[text[right]!] === 0
  ) right++;
  if (right === text.length) return false;
  // A value is not looked for across so many.
  if (right === end) return true;
  const next = text[right]!;
  if (right === at || introducers[next] === 1) return false;
  if (pairs[left << 8 | next] === 0) return true;
  // They go back to the beginning of a pattern, or are it.
  if (
    isBehind && starts[left << 8 | next] === 0 &&
    !hasTriple(triples, text[at - 2]!, left, next)
  ) return true;
  if (last[next] === 1) return false;
  let behind = right + 1;
  // In UTF-16 there is one behind each character.
  if (
    behind < text.length && isSingle(text[behind]!) &&
    chars[text[behind]!] === 0
  ) behind++;
  return behind < text.length && introducers[text[behind]!] === 0 &&
    !hasTriple(triples, left, next, text[behind]!);
}

/** Whether a byte alone is a control character. */
function isSingle(byte: number): boolean {
  return byte < 0x80 && byte !== SIGN.escape && IS_CONTROL[byte] === 1;
}

/** Whether two digits behind a sign are surely no character of a pattern there. */
function isNoByte(
  text: Uint8Array,
  at: number,
  { chars, first, last, pairs, starts, introducers }: Neighbours,
): boolean {
  if (at + 3 >= text.length || at === 0) return false;
  const high = HEX[text[at + 1]!]!;
  const low = HEX[text[at + 2]!]!;
  if (high < 0 || low < 0) return false;
  const byte = high << 4 | low;
  if (byte >= 0x80) {
    return chars[byte] === 0 && chars[byte < 0xc0 ? 0xc2 : 0xc3] === 0;
  }
  // Of some signs there may be several over each other.
  if (isLayer(byte)) return false;
  if (chars[byte] === 0) return true;
  const left = text[at - 1]!;
  const right = text[at + 3]!;
  const isOpen = introducers[right] === 1;
  if (first[byte] !== 0 && (isOpen || starts[byte << 8 | right] === 1)) {
    return false;
  }
  if (!isQuoting(left) && pairs[left << 8 | byte] === 0) return true;
  return !isOpen && last[byte] === 0 && pairs[byte << 8 | right] === 0;
}

/** Bytes that are looked at for room, at most. */
const MAX_ROOM = 16;

/** Whether the shortest pattern has room, between bytes that stand in no value. */
function hasRoom(
  text: Uint8Array,
  at: number,
  { before, inside, shortest }: Neighbours,
): boolean {
  let missing = Math.min(shortest, MAX_ROOM);
  for (let left = at; left > 0 && missing > 0; left--) {
    const byte = text[left - 1]!;
    if (before[byte] === 0 && !isQuoting(byte)) break;
    missing--;
  }
  for (let right = at; right < text.length && missing > 0; right++) {
    const byte = text[right]!;
    const other = right === 0 ? -1 : text[right - 1]!;
    if (isOutside(other, byte, inside)) return false;
    // In the strings of a terminal any byte may stand.
    const isString = right + 1 === text.length ||
      beginsString(byte, text[right + 1]!);
    if (isString) return true;
    missing--;
  }
  return true;
}

/**
 * Whether an escape that was read may be the first of a value.
 *
 * @param done Where a thread could have begun that is not followed any more.
 */
export function mayBelong(
  text: Uint8Array,
  at: number,
  done: number,
  reader: EscapeReader,
  known: Neighbours,
): boolean {
  if (reader.cut) return true;
  for (let way = 0, from = 0; way < reader.count; way++) {
    const end = reader.ends[way]!;
    const behind = at + reader.lengths[way]!;
    const byte = end > from ? reader.bytes[from]! : -1;
    const isOne = end <= from + 1;
    if (mayWrite(text, at, done, byte, isOne ? behind : text.length, known)) {
      return true;
    }
    from = end;
  }
  return false;
}

/**
 * Whether a way to read an escape may be that of the first of a value.
 *
 * @param byte What it writes; -1 for nothing.
 * @param behind Where the text goes on; its end if that tells nothing.
 */
function mayWrite(
  text: Uint8Array,
  at: number,
  done: number,
  byte: number,
  behind: number,
  { first, last, before, pairs, starts, triples, introducers }: Neighbours,
): boolean {
  /** The next two characters, where they are plain. */
  let right = behind < text.length ? text[behind]! : -1;
  if (right >= 0 && introducers[right] === 1) right = -1;
  let more = right >= 0 && behind + 1 < text.length ? text[behind + 1]! : -1;
  if (more >= 0 && introducers[more] === 1) more = -1;
  if (byte >= 0 && first[byte] !== 0) {
    if (right < 0) return true;
    if (
      starts[byte << 8 | right] === 1 &&
      (more < 0 || hasTriple(triples, byte, right, more))
    ) return true;
  }
  if (at <= done) return false;
  const left = text[at - 1]!;
  if (isQuoting(left)) return true;
  if (before[left] === 0) return false;
  // What it writes, or what is behind it, stands behind `left`.
  const next = byte >= 0 ? byte : right;
  if (next < 0) return true;
  if (pairs[left << 8 | next] === 0) return false;
  const isBehind = at - 1 > done && starts[left << 8 | next] === 0 &&
    !isQuoting(text[at - 2]!);
  if (isBehind && !hasTriple(triples, text[at - 2]!, left, next)) return false;
  const after = byte >= 0 ? right : more;
  return after < 0 || last[next] === 1 ||
    hasTriple(triples, left, next, after);
}

/** Whether a pattern may begin at a place where its first character is written plainly. */
export function mayBegin(
  text: Uint8Array,
  at: number,
  { first, starts, triples, introducers }: Neighbours,
): boolean {
  const byte = text[at]!;
  if (first[byte] === 0) return false;
  if (at + 1 >= text.length) return true;
  const next = text[at + 1]!;
  if (introducers[next] === 1) return true;
  if (starts[byte << 8 | next] === 0) return false;
  if (at + 2 >= text.length) return true;
  const more = text[at + 2]!;
  return introducers[more] === 1 || hasTriple(triples, byte, next, more);
}
