import { FlagError } from "./exit.ts";

const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/** A number as Go reads one, underscores taken away; then what it is counted in. */
const SIZE_REGEXP =
  /^(\+?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|\+?0x(?:[\da-f]+\.?[\da-f]*|\.[\da-f]+)p[+-]?\d+) ?(?:([kmgtp])(?:i?b)?|b)?$/i;
/** In Go a digit stands on both sides of each underscore; the mark of a base is one. */
const UNDERSCORE_REGEXP = /(?<=\d)_(?=\d)/g;
const HEX_UNDERSCORE_REGEXP = /(?<=[\da-fx])_(?=[\da-f])/gi;

/**
 * A number of bytes as docker reads it: `64m`, `1.5g`, `.5g`, `1e6`, `1KiB`;
 * letters mean powers of 1024, and parts of a byte are left out.
 *
 * @throws {FlagError} If it is none.
 */
export function parseBytes(flag: string, text: string): number {
  const underscore = /^\+?0x/i.test(text)
    ? HEX_UNDERSCORE_REGEXP
    : UNDERSCORE_REGEXP;
  const [, number, letter = ""] =
    SIZE_REGEXP.exec(text.replace(underscore, "")) ?? [];
  const bytes = number === undefined
    ? NaN
    : Math.floor(numberOf(number) * FACTORS[letter.toLowerCase()]!);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new FlagError(
    `invalid argument ${
      JSON.stringify(text)
    } for "${flag}": expected a size, as 64m`,
  );
}

/** Also of Go's hexadecimal form, `0x1.8p3`. */
function numberOf(text: string): number {
  const [, whole, part = "", power] =
    /^\+?0x([\da-f]*)\.?([\da-f]*)p([+-]?\d+)$/i.exec(text) ?? [];
  return whole === undefined ? +text : Number.parseInt(whole + part, 16) *
    2 ** (+power! - 4 * part.length);
}
