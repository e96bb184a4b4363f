/** A slow and simple model of the redactor, and repeatable random input for both. */

import type { Limits } from "../../lib/redact/blocks.ts";

/** Numbers of 32 bits, the same for the same seed (mulberry32). */
export function makeRandom(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let mixed = Math.imul(seed ^ seed >>> 15, 1 | seed);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return (mixed ^ mixed >>> 14) >>> 0;
  };
}

/** `length` random bytes, each one of the first `letters` bytes of `alphabet`. */
export function makeBytes(
  random: () => number,
  length: number,
  letters: number,
  alphabet: string = "abcdefghijklmnopqrstuvwxyz",
): Uint8Array {
  return Uint8Array.from(
    { length },
    () => alphabet.charCodeAt(random() % letters),
  );
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly weak: boolean;
  readonly rank: number;
}

/** What to look for, by the rule of `cutBlocks()` written a second time. */
function listPieces(patterns: readonly Uint8Array[], limits: Limits): Piece[] {
  const pieces: Piece[] = [];
  for (const bytes of patterns) {
    if (bytes.length < limits.block) {
      pieces.push({ bytes, weak: false, rank: 0 });
      continue;
    }
    let size = limits.block;
    while (bytes.length > size * limits.blocks) size *= 2;
    const add = (start: number, size: number) => {
      const block = bytes.subarray(start, start + size);
      const weak = start > 0 && new Set(block).size < limits.distinct;
      pieces.push({ bytes: block, weak, rank: size });
    };
    const isLineEnd = (at: number) => bytes[at] === 10 || bytes[at] === 13;
    let covered = 0;
    while (bytes.length - covered > size) {
      // A block does not begin with a line end, if one of 4 bytes before is none.
      const better = [0, 1, 2, 3, 4].map((back) => covered - back)
        .find((at) => at >= 0 && !isLineEnd(at));
      add(better ?? covered, size);
      covered = (better ?? covered) + size;
    }
    const last = [size, 2 * size, 4 * size]
      .filter((size) => size <= bytes.length);
    const best = last.find((size) => !isLineEnd(bytes.length - size));
    add(bytes.length - (best ?? last.at(-1)!), best ?? last.at(-1)!);
  }
  return pieces;
}

/** Of pieces that end together, whole patterns count first, then the smaller blocks. */
function byRank(a: Piece, b: Piece): number {
  return a.rank - b.rank || Number(a.weak) - Number(b.weak);
}

/** Masks each occurrence of each piece, one byte after the other. */
export function maskNaively(
  text: Uint8Array,
  patterns: readonly Uint8Array[],
  limits: Limits,
): Uint8Array {
  const pieces = listPieces(patterns, limits);
  const masked = new Uint8Array(text.length);
  for (let end = 1; end <= text.length; end++) {
    const here = pieces.filter(({ bytes }) => {
      const start = end - bytes.length;
      return start >= 0 && bytes.every((byte, i) => text[start + i] === byte);
    });
    for (const { bytes, weak } of here.sort(byRank)) {
      const start = end - bytes.length;
      // A weak piece counts if a masked byte is in it or right before it.
      if (weak && !masked.subarray(Math.max(0, start - 1), end).includes(1)) {
        continue;
      }
      masked.fill(1, start, end);
    }
  }
  const out: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (!masked[i]) out.push(text[i]!);
    else if (i === 0 || !masked[i - 1]) out.push(0x2a, 0x2a, 0x2a);
  }
  return Uint8Array.from(out);
}
