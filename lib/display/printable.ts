/** Sequences that move the cursor, colour, set titles and so on. */
const ESCAPES_REGEXP =
  // deno-lint-ignore no-control-regex
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?/g;
/** What else does something, or turns the direction of the text around. */
const CONTROLS_REGEXP =
  // deno-lint-ignore no-control-regex
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const TAB_STOP = 8;

/** A line that can be put on a terminal: it does nothing there but stand. */
export function printable(line: string): string {
  return expandTabs(line.replace(ESCAPES_REGEXP, ""))
    .replace(CONTROLS_REGEXP, "");
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
