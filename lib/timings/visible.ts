import { textWidth, truncate } from "../display/text_width.ts";

// Names of steps are words of the Dockerfile, whoever wrote it: a page or a
// terminal must not obey them.

/**
 * Characters that are not seen, or change how others are: control characters,
 * those for directions, line separators, halves of pairs.
 */
const UNSEEN_REGEXP = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text in which each such character is written as `\u202e`; line ends and
 * tabs become blanks.
 */
export function visible(text: string): string {
  return text.replace(/[\n\r\t]+/g, " ").replace(
    UNSEEN_REGEXP,
    (character) =>
      `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );
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
  return shown.length <= most
    ? shown
    : `${shown.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** A text of at most so many columns of a terminal's font, with `…` where it was cut. */
export function fitted(text: string, columns: number): string {
  const shown = visible(text);
  return textWidth(shown) <= columns
    ? shown
    : `${truncate(shown, columns - 1)}…`;
}

/** A text in lines of at most so many columns; what is behind the last one is cut. */
export function wrapped(text: string, columns: number, most: number): string[] {
  const words = visible(text).split(" ");
  const lines: string[] = [];
  while (words.length > 0 && lines.length < most - 1) {
    let line = words.shift()!;
    while (
      words.length > 0 && textWidth(line) + 1 + textWidth(words[0]!) <= columns
    ) line += ` ${words.shift()}`;
    lines.push(fitted(line, columns));
  }
  if (words.length > 0) lines.push(fitted(words.join(" "), columns));
  return lines;
}
