/**
 * Which three bytes stand side by side in a pattern, hashed: it may say yes where
 * none has them, and never no where one has.
 *
 * @module
 */

const BITS = 16;
/** Odd multiplier that spreads three bytes over 32 bits (2^32 / golden ratio, signed). */
const FACTOR = -0x61c88647;

/** An empty set. */
export function emptyTriples(): Uint8Array {
  return new Uint8Array(1 << BITS);
}

/** Adds three bytes. */
export function addTriple(
  triples: Uint8Array,
  a: number,
  b: number,
  c: number,
): void {
  triples[slotOf(a, b, c)] = 1;
}

/** Whether a pattern may have them. */
export function hasTriple(
  triples: Uint8Array,
  a: number,
  b: number,
  c: number,
): boolean {
  return triples[slotOf(a, b, c)] === 1;
}

function slotOf(a: number, b: number, c: number): number {
  return Math.imul(a << 16 | b << 8 | c, FACTOR) >>> (32 - BITS);
}
