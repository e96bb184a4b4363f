/**
 * Tells from two neighbouring bytes where an escape may begin.
 *
 * Only the first escape of a value matters: either plain characters of the
 * value stand before it, or it writes the value's first character. So an escape
 * without a character, such as a control character, must have a character of a
 * value on its left, and most signs need something on their right that makes
 * them an escape.
 *
 * @module
 */

import {
  CONTROLS,
  HEX,
  INTRODUCERS,
  introducersFor,
  isLayer,
  isNameByte,
  isQuoting,
  SIGN,
} from "./introducers.ts";

/** The first of two bytes may begin an escape, judged by the second. */
export const GOES_ON = 1;
/** The second of two bytes may begin an escape, judged by the first. */
export const FOLLOWS = 2;
/** The bytes that occur in the patterns. */
export interface Characters {
  /** By byte: 1 if a pattern has it. */
  readonly chars: Uint8Array;
  /** By byte: not 0 if a pattern begins with it. */
  readonly first: Int32Array;
  /** By byte: 1 if a pattern ends with it. */
  readonly last: Uint8Array;
  /** By byte: 1 if a pattern has it before another byte. */
  readonly before: Uint8Array;
  /** By two bytes, `first << 8 | second`: 1 if a pattern has them side by side. */
  readonly pairs: Uint8Array;
}

/**
 * Makes the table: by two bytes as they lie in memory (`first | second << 8`),
 * the bits above. A place is looked at if it has {@link FOLLOWS} with the byte
 * before and {@link GOES_ON} with the byte behind.
 */
export function glanceTable(known: Characters): Uint8Array {
  const table = new Uint8Array(1 << 16);
  for (const sign of introducersFor(known.chars)) {
    for (let other = 0; other < 256; other++) {
      if (goesOn(sign, other, known)) table[sign | other << 8]! |= GOES_ON;
      if (follows(other, sign, known)) table[other | sign << 8]! |= FOLLOWS;
    }
  }
  return table;
}

const IS_CONTROL = new Set(CONTROLS);
const IS_INTRODUCER = new Set(INTRODUCERS);
/** They may be written over others. */
const LAYERS: readonly number[] = [
  SIGN.percent,
  SIGN.ampersand,
  SIGN.backslash,
];

/** Whether a byte is the first of two digits of a byte that a pattern has. */
function isHighOf(digit: number, chars: Uint8Array): boolean {
  const high = HEX[digit]!;
  if (high < 0) return false;
  if (chars.subarray(high << 4, (high + 1) << 4).includes(1)) return true;
  // It may be a character of Latin-1, which has two bytes.
  return high >= 0x8 && chars[high < 0xc ? 0xc2 : 0xc3] === 1;
}

/** Whether a sign may be the beginning of an escape that this byte stands in, or behind. */
function goesOn(
  sign: number,
  next: number,
  { chars, last, pairs }: Characters,
): boolean {
  // An escape may stand behind one that writes nothing.
  if (sign === 0xc2) return next >= 0x80 && next <= 0x9f;
  if (sign === 0xd8) return next === 0x9c;
  if (sign === 0xe2) return next === 0x80 || next === 0x81;
  if (sign === SIGN.escape && next >= 0x20 && next < 0x7f) return true;
  if (IS_CONTROL.has(sign)) {
    return IS_INTRODUCER.has(next) || isBehind(next, pairs);
  }
  switch (sign) {
    case SIGN.percent:
      return next === 0x75 || isLayer(next) || isHighOf(next, chars) || // u
        LAYERS.some((layer) => layer >> 4 === HEX[next]);
    case SIGN.equals:
      return isHighOf(next, chars) || next === SIGN.lf || next === SIGN.cr;
    case SIGN.ampersand:
      return next === 0x23 || isNameByte(next) || isLayer(next); // #
    case SIGN.backslash:
      return isNameByte(next) || chars[next] === 1 || next === SIGN.lf ||
        next === SIGN.cr || IS_INTRODUCER.has(next);
    case SIGN.plus:
      return last[SIGN.space] === 1 || IS_INTRODUCER.has(next) ||
        pairs[SIGN.space << 8 | next] === 1;
    case SIGN.meta:
      return next === 0x2d; // -
    default:
      return true;
  }
}

/** Whether a pattern has this byte behind another. */
function isBehind(byte: number, pairs: Uint8Array): boolean {
  for (let left = 0; left < 256; left++) {
    if (pairs[left << 8 | byte] === 1) return true;
  }
  return false;
}

/** Whether a sign may be the beginning of an escape, the first of a value, behind this byte. */
function follows(
  left: number,
  sign: number,
  { first, before, pairs }: Characters,
): boolean {
  if (isQuoting(left)) return true;
  if (IS_CONTROL.has(sign)) return before[left] === 1;
  if (sign === SIGN.plus) {
    return first[SIGN.space] !== 0 || pairs[left << 8 | SIGN.space] === 1;
  }
  return true;
}
