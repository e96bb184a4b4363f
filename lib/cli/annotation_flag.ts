import { UsageError } from "./exit.ts";

/**
 * Reads `--annotation [PART[,PART]:]KEY=VALUE` into the option `annotations`;
 * of one key the last value counts, as in buildx.
 *
 * @throws {UsageError} If a word has no value.
 */
export function parseAnnotations(
  words: readonly string[],
): Record<string, string> {
  return Object.fromEntries(words.map((word) => {
    const cut = word.indexOf("=");
    if (cut < 1) {
      throw new UsageError(
        `--annotation ${
          JSON.stringify(word)
        }: expected KEY=VALUE, or PART:KEY=VALUE as in index:KEY=VALUE`,
      );
    }
    return [word.slice(0, cut), word.slice(cut + 1)];
  }));
}
