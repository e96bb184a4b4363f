/** Made only when a text needs it: its tables take about 10 ms to load. */
let segmenter: Intl.Segmenter | undefined;

function segments(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter.segment(text);
}

const ASCII_REGEXP = /^[\x20-\x7e]*$/;
const ZERO_REGEXP = /^[\p{M}\p{Cf}\u1160-\u11ff]+$/u;
const EMOJI_REGEXP = /\p{Emoji_Presentation}|\ufe0f/u;

/**
 * First and last code points of ranges that take two columns, after Unicode's
 * East Asian Width.
 */
const WIDE = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2fb],
  [0x20000, 0x3fffd],
] as const;

function isWide(code: number): boolean {
  if (code < 0x1100) return false;
  for (const [first, last] of WIDE) {
    if (code <= last) return code >= first;
  }
  return false;
}

/** How many columns one character takes, together with its combining marks. */
function characterWidth(character: string): number {
  const code = character.codePointAt(0)!;
  if (ZERO_REGEXP.test(character)) return 0;
  return isWide(code) || EMOJI_REGEXP.test(character) ? 2 : 1;
}

/** How many columns a text without control characters takes. */
export function textWidth(text: string): number {
  if (ASCII_REGEXP.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segments(text)) {
    width += characterWidth(segment);
  }
  return width;
}

/**
 * Cuts a text so that it takes at most `columns`; a character is never cut in
 * two.
 */
export function truncate(text: string, columns: number): string {
  if (columns <= 0) return "";
  // A code unit takes at most two columns, so this text fits.
  if (text.length * 2 <= columns) return text;
  if (ASCII_REGEXP.test(text)) return text.slice(0, columns);
  let width = 0;
  for (const { segment, index } of segments(text)) {
    width += characterWidth(segment);
    if (width > columns) return text.slice(0, index);
  }
  return text;
}
