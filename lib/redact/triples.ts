/**
 * A hashed set of the three-byte sequences in patterns. It may report a
 * sequence that no pattern has, but never misses one.
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

/** Whether a pattern may have these three bytes next to each other. */
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
