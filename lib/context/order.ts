/**
 * Code units for which the order of UTF-16 differs from that of UTF-8:
 * surrogates come before U+E000.
 */
const HIGH_REGEXP = /[\uD800-\uFFFF]/;

/**
 * Sorts names in place by their UTF-8 bytes, which is the order in which a
 * folder's entries are sent.
 */
export function sortNames(names: string[]): string[] {
  return names.some((name) => HIGH_REGEXP.test(name))
    ? names.sort(compareNames)
    : names.sort();
}

/**
 * Compares two names by their UTF-8 bytes, which is the order of their code
 * points.
 */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/**
 * Compares two paths in the order in which entries are sent: name by name, by
 * the bytes of the names; a folder comes before what is in it.
 */
export function comparePaths(a: string, b: string): number {
  const left = a.split("/");
  const right = b.split("/");
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const order = compareNames(left[at]!, right[at]!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/**
 * The place of a code unit in the order of code points: a surrogate is part of
 * a code point above U+FFFF.
 */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
