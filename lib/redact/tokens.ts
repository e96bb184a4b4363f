/**
 * The tokens in settings files: of `//registry/:_authToken=npm_…` an image or a
 * log may hold only the token.
 *
 * @module
 */

/** What a token is made of, and how much of it stands without a sign between. */
const TOKEN_REGEXP = /^[\w+-][\w.~+/-]*={0,2}$/;
const TOKEN_RUN_REGEXP = /\w{16}/;

/**
 * The longest line of a settings file, in characters; longer ones are not
 * searched for tokens.
 */
const MAX_SETTING_LENGTH = 4096;

/** The characters that separate the parts of a line. */
const SEPARATORS: ReadonlySet<string> = new Set("\t \"'\x60=:,;@|&?<>(){}[]");

/**
 * The parts of each line that have letters and digits as a token has. Words,
 * paths, hosts and versions are none.
 */
export function* tokensOf(text: string): Generator<string> {
  for (const line of text.split(/[\r\n]+/)) {
    if (line.length > MAX_SETTING_LENGTH) continue;
    for (const part of partsOf(line)) {
      const isToken = TOKEN_REGEXP.test(part) && TOKEN_RUN_REGEXP.test(part) &&
        /[a-z]/i.test(part) && /\d/.test(part);
      if (isToken) yield part;
    }
  }
}

/** What stands between separators; not behind an `@`, where a host stands. */
function* partsOf(line: string): Generator<string> {
  let start = 0;
  for (let at = 0; at <= line.length; at++) {
    if (at < line.length && !SEPARATORS.has(line[at]!)) continue;
    let end = at;
    // The padding of base64 belongs to the token.
    while (end < line.length && end < at + 2 && line[end] === "=") end++;
    const isFilled = end === line.length || SEPARATORS.has(line[end]!);
    if (at > start && line[start - 1] !== "@") {
      yield line.slice(start, at);
      if (end > at && isFilled) yield line.slice(start, end);
    }
    start = at + 1;
  }
}
