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
