import { contextError } from "./context_error.ts";
import { cleanPath, trimSpace } from "./pattern_text.ts";

/** Longest line that BuildKit's reader takes, in bytes without its LF. */
const MAX_LINE_BYTES = 65_535;

/**
 * The longest ignore file. An engine has no such limit, but each line of it is
 * asked about each path.
 */
const MAX_BYTES = 1024 * 1024;

const LF = 0x0a;
const BOM = "\ufeff";

/**
 * Reads an ignore file (`.dockerignore`) as BuildKit does (moby's package
 * `ignorefile`): a pattern a line, comments and empty lines left out, white
 * space around patterns and behind a `!` dropped, paths cleaned and relative to
 * the context.
 *
 * A `#` is a comment only at the very beginning of a line. Malformed patterns
 * pass; {@linkcode PatternMatcher} is what refuses them.
 *
 * @param text UTF-8; a byte order mark at its beginning is no part of it.
 * @returns The patterns in their order, those of exceptions with a `!` before them.
 * @throws {ContextError} If a line has more than 65,535 bytes, or all of them
 * more than 1 MiB.
 */
export function parseIgnoreFile(text: string | Uint8Array): string[] {
  const bytes = typeof text === "string"
    ? new TextEncoder().encode(text)
    : text;
  if (bytes.length > MAX_BYTES) {
    throw contextError(
      `the ignore file has ${bytes.length} bytes, and davit takes ${MAX_BYTES}: use wildcards, or name folders instead of what is in them`,
    );
  }
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const patterns: string[] = [];
  for (let from = 0, line = 1; from < bytes.length; line++) {
    const end = bytes.indexOf(LF, from);
    const to = end < 0 ? bytes.length : end;
    if (to - from > MAX_LINE_BYTES) {
      throw contextError(
        `line ${line} of the ignore file has ${
          to - from
        } bytes, and an engine takes ${MAX_LINE_BYTES}: split it, or use a wildcard`,
      );
    }
    const decoded = decoder.decode(bytes.subarray(from, to));
    const pattern = parseLine(
      line === 1 && decoded.startsWith(BOM) ? decoded.slice(1) : decoded,
    );
    if (pattern !== undefined) patterns.push(pattern);
    from = to + 1;
  }
  return patterns;
}

function parseLine(line: string): string | undefined {
  if (line.startsWith("#")) return undefined;
  const pattern = trimSpace(line);
  if (pattern === "") return undefined;
  return pattern.startsWith("!")
    ? `!${relativePath(trimSpace(pattern.slice(1)))}`
    : relativePath(pattern);
}

/** Cleans a path and anchors it at the context; a lone `/` stays, and matches nothing. */
function relativePath(path: string): string {
  if (path === "") return "";
  const clean = cleanPath(path);
  return clean.length > 1 && clean.startsWith("/") ? clean.slice(1) : clean;
}
