/**
 * Which bytes may stand in a value that is written with escapes. The others part
 * a text into pieces; one that is shorter than any value holds none.
 *
 * @module
 */

import { SIGN } from "./introducers.ts";

/** A byte that may stand in a value that is written with escapes. */
const ANYWHERE = 1;
/** A byte that may only stand there behind another of the same character. */
const BEHIND_OTHERS = 2;

/**
 * By byte: whether it may stand in a value that is written with escapes, as a
 * character of it or in an escape.
 */
export function insideOf(
  chars: Uint8Array,
  introducers: Uint8Array,
): Uint8Array {
  const inside = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const isAscii = byte >= 0x20 && byte < 0x7f || byte === SIGN.lf ||
      byte === SIGN.cr;
    // `cat -v` writes the highest bit as two signs before the byte without it.
    const isMeta = chars[byte | 0x80] === 1;
    if (isAscii || isMeta || chars[byte] === 1 || introducers[byte] === 1) {
      inside[byte] = ANYWHERE;
    } else if (byte >= 0x80 && byte < 0xc0) inside[byte] = BEHIND_OTHERS;
  }
  return inside;
}

/** Whether a byte stands in no value, however that is written; `before` is -1 where it is not known. */
export function isOutside(
  before: number,
  byte: number,
  inside: Uint8Array,
): boolean {
  const kind = inside[byte]!;
  if (kind === ANYWHERE) return false;
  return kind === 0 || before >= 0 && before !== 0xc2 && before !== 0xd8 &&
      before !== 0xe2 && before !== 0x80 && before !== 0x81;
}

/** `ESC P`, `X`, `]`, `^` and `_` begin a string of any characters. */
export const STRINGS: readonly number[] = [0x50, 0x58, 0x5d, 0x5e, 0x5f];

/** Whether two bytes begin a string of a terminal, in which any bytes may stand. */
export function beginsString(first: number, second: number): boolean {
  if (first === SIGN.escape) return STRINGS.includes(second);
  // The same as one character, in UTF-8.
  return first === 0xc2 && STRINGS.includes(second - 0x40);
}
