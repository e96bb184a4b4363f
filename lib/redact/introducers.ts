/**
 * The bytes that begin an escape, and those of them that have to be looked for.
 *
 * @module
 */

/** Signs that have a meaning in escapes, by byte. */
export const SIGN = {
  backslash: 0x5c,
  percent: 0x25,
  ampersand: 0x26,
  equals: 0x3d,
  plus: 0x2b,
  semicolon: 0x3b,
  caret: 0x5e,
  backtick: 0x60,
  /** `M-C` of `cat -v` is a C with the highest bit set. */
  meta: 0x4d,
  dollar: 0x24,
  quote: 0x27,
  doubleQuote: 0x22,
  open: 0x7b,
  close: 0x7d,
  space: 0x20,
  lf: 0x0a,
  cr: 0x0d,
  escape: 0x1b,
} as const;

/**
 * What begins something that displays take out of a text: control characters
 * but for tabs and line ends, and the first bytes of those of Unicode
 * (`printable()` of `display/printable.ts`).
 */
export const CONTROLS: readonly number[] = [
  ...Array.from({ length: 0x20 }, (_, byte) => byte).filter((byte) =>
    byte !== SIGN.lf && byte !== 0x09
  ),
  0x7f,
  0xc2,
  0xd8,
  0xe2,
];

/** By byte: 1 for what begins something that displays take out. */
export const IS_CONTROL: Uint8Array = new Uint8Array(256);
for (const byte of CONTROLS) IS_CONTROL[byte] = 1;

/** The longest escape, in bytes: a longer run of signs is cut here. */
export const MAX_ESCAPE_BYTES = 64;

/** The bytes that begin an escape. */
export const INTRODUCERS: readonly number[] = [
  ...CONTROLS,
  SIGN.percent,
  SIGN.ampersand,
  SIGN.backslash,
  SIGN.equals,
  SIGN.plus,
  SIGN.quote,
  SIGN.doubleQuote,
  SIGN.dollar,
  SIGN.caret,
  SIGN.backtick,
  SIGN.meta,
  SIGN.open,
  SIGN.close,
];

/** Whether a byte is a quote of a shell, or the sign before one. */
export function isQuoting(byte: number): boolean {
  return byte === SIGN.quote || byte === SIGN.doubleQuote ||
    byte === SIGN.dollar;
}

/**
 * The introducers that have to be looked for, where values are made of these
 * bytes: the others write characters that no value has, or stand beside these.
 */
export function introducersFor(bytes: Uint8Array): number[] {
  const has = (chars: string) =>
    [...chars].some((char) => bytes[char.charCodeAt(0)] === 1);
  const hasControls = bytes.subarray(0, 0x20).includes(1) || bytes[0x7f] === 1;
  return [
    SIGN.percent,
    SIGN.ampersand,
    SIGN.backslash,
    SIGN.equals,
    ...CONTROLS,
    ...has(" ") ? [SIGN.plus] : [],
    ...has("'\"") ? [SIGN.quote, SIGN.doubleQuote] : [],
    ...has("$") ? [SIGN.dollar] : [],
    ...hasControls || has('&|<>^"()%!') ? [SIGN.caret] : [],
    ...has('`$"') ? [SIGN.backtick] : [],
    ...bytes.subarray(0x80).includes(1) ? [SIGN.meta] : [],
    ...has("{") ? [SIGN.open] : [],
    ...has("}") ? [SIGN.close] : [],
  ];
}

/** Whether a byte is a letter or a digit of ASCII. */
export function isNameByte(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39 || byte >= 0x41 && byte <= 0x5a ||
    byte >= 0x61 && byte <= 0x7a;
}

/** Whether a byte begins escapes of a family that is put over others. */
export function isLayer(byte: number): boolean {
  return byte === SIGN.backslash || byte === SIGN.percent ||
    byte === SIGN.ampersand;
}

/** The value of each byte as a hex digit; -1 if it is not one. */
export const HEX: Int8Array = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  const char = digit.toString(16);
  HEX[char.charCodeAt(0)] = digit;
  HEX[char.toUpperCase().charCodeAt(0)] = digit;
}
