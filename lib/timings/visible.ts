import { cutText } from "../cut_text.ts";
import { textWidth, truncate } from "../display/text_width.ts";

// Names of steps are words of the Dockerfile, whoever wrote it: a page or a
// terminal must not obey them.

/**
 * Characters that are not seen, or change how others are: control characters,
 * those for directions, line separators, halves of pairs; and numbers that no
 * character has, such as U+FFFE, two of which make an SVG no XML any more.
 */
const UNSEEN_REGEXP =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;

/**
 * A text in which each such character is written as `\u202e` or `\u{1fffe}`;
 * line ends and tabs become blanks.
 */
export function visible(text: string): string {
  return text.replace(/[\n\r\t]+/g, " ").replace(UNSEEN_REGEXP, written);
}

function written(character: string): string {
  const digits = character.codePointAt(0)!.toString(16).padStart(4, "0");
  return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text for HTML and SVG: between tags, and in attributes with quotes. */
export function escaped(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** A text of at most so many characters, with `…` where it was cut. */
export function shortened(text: string, most: number): string {
  const shown = visible(text);
  return shown.length <= most ? shown : `${cutText(shown, most - 1)}…`;
}

/** What says how much room a text takes, in any unit. */
export interface Ruler {
  /** The room that a text takes. */
  width(text: string): number;
  /** The beginning of a text that takes at most so much. */
  cut(text: string, room: number): string;
}

/** Measures in columns of a terminal's font. */
const COLUMNS: Ruler = { width: textWidth, cut: truncate };

/** A text that takes at most so much room, with `…` where it was cut. */
export function fitted(
  text: string,
  room: number,
  ruler: Ruler = COLUMNS,
): string {
  const shown = shortened(text, mostIn(room));
  return ruler.width(shown) <= room
    ? shown
    : `${ruler.cut(shown, room - ruler.width("…"))}…`;
}

/**
 * How many characters of a text are looked at for so much room: accents take
 * none, and any number of them may stand behind a letter.
 */
function mostIn(room: number): number {
  return 4 * Math.max(1, Math.ceil(room));
}

/**
 * A text in lines that take at most so much room; what is behind the last one is
 * cut. A word that is longer than a line goes on in the next.
 */
export function wrapped(
  text: string,
  room: number,
  most: number,
  ruler: Ruler = COLUMNS,
): string[] {
  // The next word is the last of them.
  const words = visible(text).split(" ").reverse();
  const blank = ruler.width(" ");
  const lines: string[] = [];
  while (words.length > 0 && lines.length < most - 1) {
    const word = words.pop()!;
    let line = ruler.cut(cutText(word, mostIn(room)), room);
    if (line.length < word.length) {
      words.push(word.slice(line.length));
      // A character that takes more than all of the room.
      if (line === "") break;
    } else {
      let width = ruler.width(line);
      while (words.length > 0 && words.at(-1)!.length <= mostIn(room)) {
        width += blank + ruler.width(words.at(-1)!);
        if (width > room) break;
        line += ` ${words.pop()}`;
      }
    }
    lines.push(line);
  }
  if (words.length > 0) {
    lines.push(fitted(words.reverse().join(" "), room, ruler));
  }
  return lines;
}
