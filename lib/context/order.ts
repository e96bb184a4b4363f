/** A code unit from which on UTF-16 and UTF-8 sort differently: surrogates come before U+E000. */
const HIGH_REGEXP = /[\uD800-\uFFFF]/;

/** Sorts names by their UTF-8 bytes, in place: the order in which folders are sent. */
export function sortNames(names: string[]): string[] {
  return names.some((name) => HIGH_REGEXP.test(name))
    ? names.sort(compareNames)
    : names.sort();
}

/** Compares two names by their UTF-8 bytes, which is by code points. */
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
 * Compares two paths by the order in which folders are sent: name by name, each
 * by its bytes, a folder before what is in it.
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

/** Where a code unit stands among code points: a surrogate is half of one above U+FFFF. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
