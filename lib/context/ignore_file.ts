import { contextError } from "./context_error.ts";
import { cleanPath, trimSpace } from "./pattern_text.ts";

/** The longest line that BuildKit reads, in bytes without its LF. */
const MAX_LINE_BYTES = 65_535;

/**
 * The largest ignore file that is read, in bytes. Engines have no such limit,
 * but each line has to be compared with each path.
 */
const MAX_BYTES = 1024 * 1024;

const LF = 0x0a;
const BOM = "\ufeff";

/**
 * Reads an ignore file (`.dockerignore`) as BuildKit does (moby's package
 * `ignorefile`): one pattern per line; comments and empty lines are skipped;
 * white space around a pattern and after a `!` is removed; paths are cleaned
 * and made relative to the context.
 *
 * A `#` begins a comment only as the first character of a line. Malformed
 * patterns are returned as well; {@linkcode PatternMatcher} refuses them.
 *
 * @param text UTF-8; a byte order mark at the beginning is skipped.
 * @returns The patterns in their order; exceptions begin with a `!`.
 * @throws {ContextError} If a line has more than 65,535 bytes, or the file more
 * than 1 MiB.
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

/**
 * Cleans a path and makes it relative to the context; `/` alone is kept, and
 * matches nothing.
 */
function relativePath(path: string): string {
  if (path === "") return "";
  const clean = cleanPath(path);
  return clean.length > 1 && clean.startsWith("/") ? clean.slice(1) : clean;
}
