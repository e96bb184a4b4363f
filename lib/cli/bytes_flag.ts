import { parseSize } from "../gotext/size.ts";
import { FlagError } from "./exit.ts";

/**
 * Reads a number of bytes as docker does, such as `64m`.
 *
 * @throws {FlagError} If the text is not a number of bytes.
 */
export function parseBytes(flag: string, text: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw new FlagError(
    `invalid argument ${
      JSON.stringify(text)
    } for "${flag}": expected a size, as 64m`,
  );
}
