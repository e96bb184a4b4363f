/**
 * Compiles patterns into the tables that a scan reads.
 *
 * @module
 */

import type { Form, FormPattern } from "./forms.ts";
import {
  type Block,
  cutBlocks,
  drawFingerprint,
  type Fingerprint,
  isPlainRun,
  keyOf,
  type Limits,
  powerOf,
} from "./blocks.ts";
import { buildSkipTable, type SkipTable } from "./skip.ts";
import { STATES_A_SLICE } from "./slices.ts";
import { type Trie, TrieBuilder } from "./trie.ts";

/** How many blocks are cut without a pause. */
const BLOCKS_A_SLICE = 64;

/** A pattern without its bytes: what is reported about a match. */
export interface PatternInfo {
  /** Index of the value. */
  readonly value: number;
  /** How the pattern shows the value. */
  readonly form: Form;
  /** Length of the whole pattern, in bytes. */
  readonly length: number;
  /**
   * Index in the pattern at which this block begins; 0 for a pattern that is
   * not cut.
   */
  readonly at: number;
  /** Set where the pattern is a part of the value only: a line, or a line of its base64. */
  readonly part?: true;
}

/** The blocks of one size. */
export interface BlockSize {
  /** Bytes of a block. */
  readonly size: number;
  /** First factor of the fingerprint to the power of the bytes behind the head. */
  readonly powerA: number;
  /** Second factor to the same power. */
  readonly powerB: number;
}

/** Everything a scan reads. It holds secrets: keep it in `#private` fields. */
export interface Tables {
  /** All short patterns, and the heads of the blocks of the long ones. */
  readonly trie: Trie;
  /** The skip table, which tells where no word of the trie begins. */
  readonly skip: SkipTable;
  /** By state: length of the longest word that ends here, 0 for none. */
  readonly output: Uint8Array;
  /** By state: bit `i` set if a head of a block of `sizes[i]` ends here. */
  readonly heads: Uint16Array;
  /** By state that is a whole pattern: which ones. */
  readonly words: ReadonlyMap<number, readonly PatternInfo[]>;
  /** Bytes of a head. */
  readonly headBytes: number;
  /** All sizes of blocks, smallest first. */
  readonly sizes: readonly BlockSize[];
  /** How the rests of blocks are compared. */
  readonly fingerprint: Fingerprint;
  /** From the key of a block to its index in the two lists below. */
  readonly blocks: ReadonlyMap<number, number>;
  /** The patterns of each block. */
  readonly blockPatterns: readonly (readonly PatternInfo[])[];
  /** Blocks that count only right behind another match. */
  readonly blockWeak: readonly boolean[];
  /** How many bytes a scan leaves undecided at the most. */
  readonly reach: number;
}

/** A block on its way into the tables, with the builder's number of its head. */
interface Cut {
  readonly head: number;
  readonly size: number;
  readonly a: number;
  readonly b: number;
  readonly weak: boolean;
  readonly info: PatternInfo;
}

/**
 * Compiles the tables, piece by piece (see `slices.ts`); `undefined` if there is
 * no pattern.
 *
 * Reads each pattern once and keeps none: the bytes of long ones are gone
 * after this, but for the heads of their blocks.
 *
 * @throws {RangeError} If a pattern is shorter than 3 bytes.
 */
export function* compileTables(
  patterns: Iterable<FormPattern>,
  limits: Limits,
): Generator<void, Tables | undefined> {
  const builder = new TrieBuilder();
  const fingerprint = drawFingerprint();
  const words: [number, PatternInfo][] = [];
  const cuts: Cut[] = [];
  let shortest = Infinity;
  let longest = 0;
  for (const { bytes, form, value, part } of patterns) {
    yield;
    const { length } = bytes;
    if (length < 3) {
      throw new RangeError(
        `Cannot match a pattern of ${length} bytes: 3 are needed`,
      );
    }
    const info: PatternInfo = {
      value,
      form,
      length,
      at: 0,
      ...(part ? { part } : {}),
    };
    if (length < limits.block) {
      words.push([builder.insert(bytes, 0, length), info]);
      shortest = Math.min(shortest, length);
      longest = Math.max(longest, length);
      continue;
    }
    shortest = Math.min(shortest, limits.head);
    for (const block of cutBlocks(bytes, limits)) {
      const head = builder.insert(
        bytes,
        block.start,
        block.start + limits.head,
      );
      // The first block always counts: without it no value of zeros were masked.
      const weak = block.start > 0 && isPlainRun(bytes, block, limits.distinct);
      const [a, b] = hashRest(bytes, block, limits.head, fingerprint);
      const cut = { ...info, at: block.start };
      cuts.push({ head, size: block.size, a, b, weak, info: cut });
      if (cuts.length % BLOCKS_A_SLICE === 0) yield;
      longest = Math.max(longest, block.size);
    }
  }
  if (longest === 0) return undefined;

  const { trie, renumbered } = yield* builder.freeze();
  const sizes = [...new Set(cuts.map((cut) => cut.size))].sort((a, b) => a - b);
  const output = new Uint8Array(trie.states);
  const heads = new Uint16Array(trie.states);
  const wordMap = new Map<number, PatternInfo[]>();
  for (const [old, info] of words) {
    const state = renumbered[old]!;
    output[state] = info.length;
    append(wordMap, state, info);
  }
  const blocks = new Map<number, number>();
  const blockPatterns: PatternInfo[][] = [];
  const blockWeak: boolean[] = [];
  for (const { head: old, size, a, b, weak, info } of cuts) {
    const head = renumbered[old]!;
    heads[head]! |= 1 << sizes.indexOf(size);
    if (blockPatterns.length % BLOCKS_A_SLICE === 0) yield;
    const key = keyOf(head, size, a, b);
    let index = blocks.get(key);
    if (index === undefined) {
      index = blockPatterns.length;
      blocks.set(key, index);
      blockPatterns.push([]);
      blockWeak.push(true);
    }
    if (!weak) blockWeak[index] = false;
    const last = blockPatterns[index]!.at(-1);
    // A block that a pattern has twice counts once.
    const known = last?.value === info.value && last.form === info.form &&
      last.length === info.length;
    if (!known) blockPatterns[index]!.push(info);
  }
  // What ends at the failure of a state ends at the state; the longest word
  // that ends at a state is its own, if it is one.
  for (let state = 1; state < trie.states; state++) {
    const fail = trie.fail[state]!;
    if (output[state] === 0) output[state] = output[fail]!;
    heads[state]! |= heads[fail]!;
    if (state % STATES_A_SLICE === 0) yield;
  }
  return {
    trie,
    skip: yield* buildSkipTable(trie, shortest),
    output,
    heads,
    words: wordMap,
    headBytes: limits.head,
    sizes: sizes.map((size) => ({
      size,
      powerA: powerOf(fingerprint.factorA, size - limits.head),
      powerB: powerOf(fingerprint.factorB, size - limits.head),
    })),
    fingerprint,
    blocks,
    blockPatterns,
    blockWeak,
    reach: longest - 1,
  };
}

function append(
  map: Map<number, PatternInfo[]>,
  state: number,
  info: PatternInfo,
): void {
  const list = map.get(state);
  if (list) list.push(info);
  else map.set(state, [info]);
}

function hashRest(
  bytes: Uint8Array,
  block: Block,
  head: number,
  by: Fingerprint,
): [number, number] {
  const { factorA, factorB, byteA, byteB } = by;
  let a = 0;
  let b = 0;
  for (let i = block.start + head; i < block.start + block.size; i++) {
    a = Math.imul(a, factorA) + byteA[bytes[i]!]! | 0;
    b = Math.imul(b, factorB) + byteB[bytes[i]!]! | 0;
  }
  return [a, b];
}
