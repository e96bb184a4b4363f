/**
 * Long patterns, cut into blocks that are found by head and fingerprint.
 *
 * A trie of a whole 3 MiB value in all its forms would have 100 million states.
 * So a pattern of {@link Limits.block} bytes or more is cut into blocks, each a
 * pattern of its own: the head of a block (its first {@link Limits.head} bytes)
 * is a word of the trie, the rest is known by a 53-bit fingerprint. The last
 * block ends where the pattern ends, so the blocks of a printed value lie side
 * by side and are masked as one piece.
 *
 * @module
 */

/** Sizes that bound the automaton. Tests make them small. */
export interface Limits {
  /** Patterns of this length and more are cut; shortest block, in bytes (a power of two). */
  readonly block: number;
  /** Bytes of a block that are in the trie; less than `block`. */
  readonly head: number;
  /** Most blocks of one pattern, at least 2: above, its blocks grow to the next power of two. */
  readonly blocks: number;
  /** Different bytes from which on a block is told from rulers, blanks and zeros. */
  readonly distinct: number;
}

/**
 * A block of 64 bytes is long enough to be no accident, and short enough that
 * little is held back and that a secret printed in part is masked, too.
 */
export const LIMITS: Limits = { block: 64, head: 32, blocks: 512, distinct: 6 };

/** How far a block moves to begin with no line end: past two CRLF, in bytes. */
const MAX_BACK = 4;

/** One block of a pattern, from `start` to `start + size`. */
export interface Block {
  /** Offset of its first byte in the pattern. */
  readonly start: number;
  /** Length in bytes. */
  readonly size: number;
}

/**
 * Cuts a pattern; gives no block if it is short enough for the trie.
 *
 * Blocks do not begin with a line end: else the end of each line of a log might
 * be the beginning of a secret, and would be held back. So a block moves up to
 * 4 bytes to the front, and the last one, which must end with the pattern, is
 * made two or four times as long, if the pattern is.
 */
export function* cutBlocks(
  bytes: Uint8Array,
  limits: Limits,
): Generator<Block> {
  const { length } = bytes;
  if (length < limits.block) return;
  let size = limits.block;
  while (length / size > limits.blocks) size *= 2;
  let end = 0;
  while (end + size < length) {
    let start = end;
    while (start > 0 && start > end - MAX_BACK && isLineEnd(bytes[start]!)) {
      start--;
    }
    if (isLineEnd(bytes[start]!)) start = end;
    yield { start, size };
    end = start + size;
  }
  const most = Math.min(length, 4 * size);
  while (2 * size <= most && isLineEnd(bytes[length - size]!)) size *= 2;
  yield { start: length - size, size };
}

/** Whether a byte is a line feed or a carriage return. */
export function isLineEnd(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d;
}

/**
 * Rolling fingerprints of two times 32 bits, with random factors and a random
 * number for each byte, so that nobody can prepare two texts that collide.
 *
 * A collision would only mask a text that begins with the head of a secret's
 * block, which is compared byte by byte.
 */
export interface Fingerprint {
  /** What the first is multiplied by at each byte; odd. */
  readonly factorA: number;
  /** What the second is multiplied by at each byte; odd. */
  readonly factorB: number;
  /** What each byte adds to the first. */
  readonly byteA: Int32Array;
  /** What each byte adds to the second. */
  readonly byteB: Int32Array;
}

/** Draws the random numbers of a fingerprint. */
export function drawFingerprint(): Fingerprint {
  const random = crypto.getRandomValues(new Int32Array(514));
  return {
    factorA: random[512]! | 1,
    factorB: random[513]! | 1,
    byteA: random.subarray(0, 256),
    byteB: random.subarray(256, 512),
  };
}

/** `factor` to the power of `exponent`, modulo 2^32. */
export function powerOf(factor: number, exponent: number): number {
  let power = 1;
  for (
    let base = factor;
    exponent > 0;
    exponent >>>= 1, base = Math.imul(base, base)
  ) {
    if (exponent & 1) power = Math.imul(power, base);
  }
  return power;
}

/**
 * The key of a block: its head's state, its size and the fingerprint of its
 * rest, as an integer of 53 bits.
 */
export function keyOf(
  head: number,
  size: number,
  a: number,
  b: number,
): number {
  const high = Math.imul(a ^ Math.imul(head, 0x9e3779b1), 0x85ebca6b) ^ size;
  const low = Math.imul(b ^ Math.imul(size, 0xc2b2ae35), 0x27d4eb2f) ^
    Math.imul(head, 0x165667b1);
  return (high >>> 0) * 0x200000 + (low >>> 11);
}

/** Whether a block has too few different bytes to be told from ordinary text. */
export function isPlainRun(
  bytes: Uint8Array,
  block: Block,
  distinct: number,
): boolean {
  const seen = new Uint8Array(256);
  let different = 0;
  for (let i = block.start; i < block.start + block.size; i++) {
    if (seen[bytes[i]!]) continue;
    seen[bytes[i]!] = 1;
    if (++different >= distinct) return false;
  }
  return true;
}
