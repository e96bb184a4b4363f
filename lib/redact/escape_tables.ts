/**
 * Compiles the patterns that are looked for within escapes.
 *
 * @module
 */

import { cutBlocks, isPlainRun, LIMITS, type Limits } from "./blocks.ts";
import { glanceTable } from "./glance.ts";
import { INTRODUCERS } from "./introducers.ts";
import { insideOf } from "./inside.ts";
import type { LookoutTables } from "./lookout.ts";
import type { FormPattern } from "./forms.ts";
import { STATES_A_SLICE } from "./slices.ts";
import type { PatternInfo } from "./tables.ts";
import { type Trie, TrieBuilder } from "./trie.ts";
import { addTriple, emptyTriples } from "./triples.ts";

/** A long pattern, which is compared byte by byte after the head of a block. */
export interface LongPattern {
  /** Index of its first byte among the bytes of all long patterns. */
  readonly from: number;
  /** Index after its last byte there. */
  readonly end: number;
  /** The pattern. */
  readonly info: PatternInfo;
}

/** The place at which a long pattern continues after a head. */
export interface Continuation {
  /** Index of the byte behind the head, among the bytes of all long patterns. */
  readonly at: number;
  /** Index of the pattern. */
  readonly pattern: number;
}

/** Everything that a search in escapes reads; of `first`, the state behind the byte. It holds secrets: keep it in `#private` fields. */
export interface EscapeTables extends LookoutTables {
  /** Short patterns, and the heads of the blocks of long ones. */
  readonly trie: Trie;
  /** For each state that ends a short pattern: the pattern. */
  readonly words: ReadonlyMap<number, PatternInfo>;
  /** For each state that ends a head: where the long patterns continue. */
  readonly heads: ReadonlyMap<number, readonly Continuation[]>;
  /** By state: 1 if it is in one of these two maps. */
  readonly ends: Uint8Array;
  /** The bytes of all long patterns, in a row. */
  readonly long: Uint8Array;
  /** The long patterns. */
  readonly patterns: readonly LongPattern[];
  /** How far a thread may have gone before the first escape, in bytes. */
  readonly depth: number;
}

/** Bytes that are searched for their own sake, not as a part of an encoding of 6 or 4 bits. */
const FORMS: ReadonlySet<string> = new Set(["plain", "line", "field"]);

/**
 * Blocks are as short as they can be, as nothing is known of the plain text
 * before the first escape but the head that it began with. Of a value with more
 * blocks than this they grow.
 */
const MAX_BLOCK_BYTES = 2 * LIMITS.block;
const ESCAPE_LIMITS: Limits = { ...LIMITS, blocks: 8192 };

/** Of a value that repeats itself, not all blocks that begin alike are followed. */
const MAX_CONTINUATIONS = 8;

/** Compiles the tables, piece by piece; `undefined` if there is no pattern. */
export function* compileEscapes(
  patterns: Iterable<FormPattern>,
): Generator<void, EscapeTables | undefined> {
  const builder = new TrieBuilder();
  const words: [number, PatternInfo][] = [];
  const continuations: [number, Continuation][] = [];
  const longPatterns: LongPattern[] = [];
  const pieces: Uint8Array[] = [];
  let length = 0;
  let shortest = Infinity;
  const last = new Uint8Array(256);
  for (const { bytes, form, value, part } of patterns) {
    if (!FORMS.has(form)) continue;
    yield;
    shortest = Math.min(shortest, bytes.length, LIMITS.block);
    const info: PatternInfo = {
      value,
      form,
      length: bytes.length,
      at: 0,
      ...(part ? { part } : {}),
    };
    if (bytes.length < LIMITS.block) {
      words.push([builder.insert(bytes, 0, bytes.length), info]);
      continue;
    }
    for (const block of cutBlocks(bytes, ESCAPE_LIMITS)) {
      // Such a block goes on behind the one before, and begins nowhere.
      if (block.start > 0 && isPlainRun(bytes, block, LIMITS.distinct)) {
        continue;
      }
      // Of a long pattern pieces are told.
      last[bytes[block.start + LIMITS.block - 1]!] = 1;
      if (block.start > 0) last[bytes[block.start - 1]!] = 1;
      const behind = block.start + LIMITS.head;
      const state = builder.insert(bytes, block.start, behind);
      continuations.push([state, {
        at: length + behind,
        pattern: longPatterns.length,
      }]);
    }
    longPatterns.push({ from: length, end: length + bytes.length, info });
    pieces.push(bytes);
    length += bytes.length;
  }
  if (words.length === 0 && continuations.length === 0) return undefined;

  const { trie, renumbered } = yield* builder.freeze();
  const ends = new Uint8Array(trie.states);
  const wordMap = new Map<number, PatternInfo>();
  for (const [old, info] of words) {
    const state = renumbered[old]!;
    ends[state] = 1;
    // Of two equal values only one is reported.
    if (!wordMap.has(state)) wordMap.set(state, info);
  }
  const heads = new Map<number, Continuation[]>();
  for (const [old, continuation] of continuations) {
    const state = renumbered[old]!;
    ends[state] = 1;
    const list = heads.get(state);
    if (list === undefined) heads.set(state, [continuation]);
    else if (list.length < MAX_CONTINUATIONS) list.push(continuation);
  }
  const long = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    long.set(piece, at);
    at += piece.length;
  }
  const chars = new Uint8Array(256);
  const before = new Uint8Array(256);
  const pairs = new Uint8Array(1 << 16);
  const starts = new Uint8Array(1 << 16);
  const triples = emptyTriples();
  let depth = 0;
  for (let state = 0; state < trie.states; state++) {
    if (state % STATES_A_SLICE === 0) yield;
    depth = Math.max(depth, trie.depth[state]!);
    for (let c = trie.child[state]!; c < trie.child[state + 1]!; c++) {
      chars[trie.label[c]!] = 1;
      if (state === 0) continue;
      if (trie.depth[state] === 1) {
        starts[trie.label[state]! << 8 | trie.label[c]!] = 1;
      }
      before[trie.label[state]!] = 1;
      pairs[trie.label[state]! << 8 | trie.label[c]!] = 1;
      for (let d = trie.child[c]!; d < trie.child[c + 1]!; d++) {
        addTriple(
          triples,
          trie.label[state]!,
          trie.label[c]!,
          trie.label[d]!,
        );
      }
    }
  }
  for (const state of wordMap.keys()) last[trie.label[state]!] = 1;
  for (const { end } of longPatterns) last[long[end - 1]!] = 1;
  const first = new Int32Array(256);
  for (let c = trie.child[0]!; c < trie.child[1]!; c++) {
    first[trie.label[c]!] = c;
  }
  for (const { from, end } of longPatterns) {
    depth = Math.max(depth, MAX_BLOCK_BYTES);
    for (let i = from; i < end; i++) {
      if (i % STATES_A_SLICE === 0) yield;
      chars[long[i]!] = 1;
      if (i + 1 === end) break;
      before[long[i]!] = 1;
      pairs[long[i]! << 8 | long[i + 1]!] = 1;
      if (i + 2 < end) addTriple(triples, long[i]!, long[i + 1]!, long[i + 2]!);
    }
  }
  const introducers = new Uint8Array(256);
  for (const byte of INTRODUCERS) introducers[byte] = 1;
  const inside = insideOf(chars, introducers);
  const glance = glanceTable({ chars, first, last, before, pairs });
  return {
    trie,
    first,
    last,
    words: wordMap,
    heads,
    ends,
    long,
    patterns: longPatterns,
    before,
    chars,
    pairs,
    starts,
    triples,
    glance,
    introducers,
    inside,
    shortest,
    depth,
  };
}
