const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/** A number in Go's syntax without its underscores, followed by a unit. */
const SIZE_REGEXP =
  /^(\+?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|\+?0x(?:[\da-f]+\.?[\da-f]*|\.[\da-f]+)p[+-]?\d+) ?(?:([kmgtp])(?:i?b)?|b)?$/i;
/**
 * In Go an underscore may stand only between two digits; the `x` of `0x` counts
 * as a digit.
 */
const UNDERSCORE_REGEXP = /(?<=\d)_(?=\d)/g;
const HEX_UNDERSCORE_REGEXP = /(?<=[\da-fx])_(?=[\da-f])/gi;

/**
 * Reads a number of bytes as docker does (docker/go-units, `RAMInBytes`): `64m`,
 * `1.5g`, `.5g`, `1e6`, `1KiB`; the letters are powers of 1024, and the result is
 * rounded down to whole bytes.
 *
 * @returns undefined if the text is not a number of bytes.
 */
export function parseSize(text: string): number | undefined {
  const underscore = /^\+?0x/i.test(text)
    ? HEX_UNDERSCORE_REGEXP
    : UNDERSCORE_REGEXP;
  const [, number, letter = ""] =
    SIZE_REGEXP.exec(text.replace(underscore, "")) ?? [];
  if (number === undefined) return undefined;
  const bytes = Math.floor(numberOf(number) * FACTORS[letter.toLowerCase()]!);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Reads a number, also one in Go's hexadecimal form `0x1.8p3`. */
function numberOf(text: string): number {
  const [, whole, part = "", power] =
    /^\+?0x([\da-f]*)\.?([\da-f]*)p([+-]?\d+)$/i.exec(text) ?? [];
  return whole === undefined ? +text : Number.parseInt(whole + part, 16) *
    2 ** (+power! - 4 * part.length);
}
