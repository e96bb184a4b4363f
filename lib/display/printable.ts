/** Sequences that move the cursor, colour, set titles and so on. */
const ESCAPES =
  // deno-lint-ignore no-control-regex
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?/;
/** What else does something, or turns the direction of the text around. */
const CONTROLS =
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const HIDDEN_REGEXP = new RegExp(
  `(?:${ESCAPES.source}|${CONTROLS.source})+`,
  "g",
);
const TAB_STOP = 8;

/**
 * How many bytes may be taken out between two characters, so that these stand
 * side by side. A mask looks for a secret across as many
 * (`MAX_ESCAPE_BYTES` of `redact/escapes.ts`), and not across more.
 */
export const MAX_HIDDEN_BYTES = 64;

const encoder = new TextEncoder();

/**
 * A line that can be put on a terminal: it does nothing there but stand. Where
 * very much was taken out there is a `…`: what it was between is not brought
 * together, since it may be the two halves of a secret that no mask saw.
 */
export function printable(line: string): string {
  const text = line.replace(/\n+$/, "").replaceAll("\n", " ");
  return expandTabs(text.replace(HIDDEN_REGEXP, mark));
}

function mark(hidden: string): string {
  if (3 * hidden.length <= MAX_HIDDEN_BYTES) return "";
  return encoder.encode(hidden).length <= MAX_HIDDEN_BYTES ? "" : "…";
}

/** What remains visible of a line in which a program went back to the start. */
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
