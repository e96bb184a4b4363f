/** Escape sequences: they move the cursor, set colours, titles and so on. */
const ESCAPES =
  // deno-lint-ignore no-control-regex
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?/;
/**
 * Other control characters, and characters that change the direction of the
 * text.
 */
const CONTROLS =
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const HIDDEN_REGEXP = new RegExp(
  `(?:${ESCAPES.source}|${CONTROLS.source})+`,
  "g",
);
const TAB_STOP = 8;

/**
 * How many bytes may be removed between two characters, which then stand side
 * by side. A mask finds a secret even if this many such bytes are within it
 * (`MAX_ESCAPE_BYTES` of `redact/escapes.ts`), but not more.
 */
export const MAX_HIDDEN_BYTES = 64;

const encoder = new TextEncoder();

/**
 * Makes a line safe to print to a terminal: sequences that the terminal would
 * obey are removed. Where more than {@linkcode MAX_HIDDEN_BYTES} were removed,
 * a `…` is put: the characters around them may be two halves of a secret that
 * the mask could not recognise, and they must not end up side by side.
 */
export function printable(line: string): string {
  const text = line.replace(/\n+$/, "").replaceAll("\n", " ");
  return expandTabs(text.replace(HIDDEN_REGEXP, mark));
}

/** The same for a text of several lines, which keeps its tabs. */
export function printableText(text: string): string {
  return text.replace(/[^\t\n]+/g, printable);
}

function mark(hidden: string): string {
  if (3 * hidden.length <= MAX_HIDDEN_BYTES) return "";
  return encoder.encode(hidden).length <= MAX_HIDDEN_BYTES ? "" : "…";
}

/**
 * The visible part of a line in which a program returned to the start with CR.
 */
export function lastVersion(line: string): string {
  const end = line.replace(/\r+$/, "");
  return end.slice(end.lastIndexOf("\r") + 1);
}

function expandTabs(text: string): string {
  if (!text.includes("\t")) return text;
  let out = "";
  for (const part of text.split(/(\t)/)) {
    out += part === "\t" ? " ".repeat(TAB_STOP - out.length % TAB_STOP) : part;
  }
  return out;
}
