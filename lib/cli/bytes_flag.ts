import { UsageError } from "./exit.ts";

const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/**
 * A number of bytes as docker reads it: `64m`, `1.5g`, `1024`, `1KiB`; letters
 * mean powers of 1024.
 *
 * @throws {UsageError} If it is none.
 */
export function parseBytes(flag: string, text: string): number {
  const [, number, letter = ""] =
    /^(\d+(?:\.\d+)?) ?(?:([kmgtp])(?:i?b)?|b)?$/i.exec(text) ?? [];
  const factor = FACTORS[letter.toLowerCase()];
  if (number === undefined || factor === undefined) {
    throw new UsageError(
      `invalid argument ${
        JSON.stringify(text)
      } for "${flag}": expected a size, as 64m`,
    );
  }
  return Math.floor(Number(number) * factor);
}
