import { textWidth } from "../display/text_width.ts";
import type { Ruler } from "./visible.ts";

// All in pixels.

/** The width of the picture: that of a comment's text on a laptop. */
export const WIDTH = 900;
/** What is left free at the sides. */
export const EDGE = 20;
/** From one row to the next. */
export const ROW = 20;
/** Where the bars begin. */
export const LEFT = 380;
/** Where they end. */
export const RIGHT: number = WIDTH - EDGE;
/** The widest that a character of a name is. */
export const MONO = 7.3;
/** The widest that a character of the headline is. */
export const HEAD = 9.8;

/**
 * The most that characters of a sentence take: those of the widest font that is
 * usual for it, DejaVu Sans at 13 pixels. What is not here takes
 * {@linkcode USUAL}.
 */
const WIDTHS = new Map<string, number>(
  Object.entries({
    "'ijlI,. ": 4.2,
    "/:;\\|f-()[]t!r": 5.4,
    '"*J`szLc?_“”': 7.3,
    "EKPSYAVXZB": 9,
    "CRUNHDG&OQ": 10.3,
    "w#+<=>^~−M": 11.3,
    "%mW…@": 13.2,
  }).flatMap(([characters, width]) =>
    [...characters].map((character) => [character, width] as const)
  ),
);
const USUAL = 8.3;
/** Letters of other scripts, such as `Щ`; and what takes two columns. */
const FOREIGN = 14.3;
const EMOJI = 17;
const EMOJI_REGEXP = /\p{Emoji_Presentation}/u;

/** Measures sentences in pixels, and rather too wide than too narrow. */
export const SENTENCE: Ruler = {
  width(text) {
    let width = 0;
    for (const character of text) width += widthOf(character);
    return width;
  },
  cut(text, room) {
    let width = 0;
    let end = 0;
    for (const character of text) {
      width += widthOf(character);
      if (width > room) return text.slice(0, end);
      end += character.length;
    }
    return text;
  },
};

function widthOf(character: string): number {
  const known = WIDTHS.get(character);
  if (known !== undefined) return known;
  // Without its accents.
  const plain = character.normalize("NFD")[0]!;
  if (plain < "\x7f") return WIDTHS.get(plain) ?? USUAL;
  if (textWidth(character) === 0) return 0;
  return EMOJI_REGEXP.test(character) ? EMOJI : FOREIGN;
}
