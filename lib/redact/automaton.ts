/**
 * Finds every occurrence of many byte patterns in a stream, in linear time.
 *
 * Three parts, chosen by measurement (`tests/bench/redact_bench.ts`):
 *
 * 1. *Skip* (`skip.ts`). While no pattern has begun, a table of hashed 3-byte
 *    grams, read at the end of a window as long as the shortest pattern, tells
 *    how many positions cannot begin one. Most bytes of a log are never read.
 * 2. *Trie* (`trie.ts`). Where one may begin, an Aho-Corasick automaton takes
 *    over, byte by byte, until it is back at its root or one byte from it. Each
 *    byte is taken by the automaton at most once, so the worst case stays
 *    linear: at most two looks at the skip table and two moves a byte.
 * 3. *Blocks* (`blocks.ts`). Patterns of 64 bytes and more are cut into blocks
 *    of 64 bytes (at most about 512 blocks a pattern, so larger ones above
 *    32 KiB). A block is found by its first 32 bytes in the trie and by a 53-bit
 *    fingerprint of the rest, compared once, when the block is complete.
 *
 * Consequences, which are the contract:
 *
 * - A pattern under 64 bytes is found when it is there in full.
 * - A longer one that is there in full is found as blocks that lie side by
 *   side. One that is there in part is found as far as whole blocks are there;
 *   a part that ends within its first block is not found.
 * - A block of fewer than 6 different bytes (zeros, blanks, a ruler) counts only
 *   right behind another match, unless it is the first of its pattern.
 * - Bytes are undecided only while they may be the beginning of a match: at most
 *   one byte less than the longest block. That is 63 bytes for patterns up to
 *   32 KiB (rarely 255, see `cutBlocks()`), and grows with longer ones: 16 KiB
 *   for a value of 3 MiB, whose hex form has 6 MiB.
 * - Memory is about 13 bytes a state; a block has 32 states. The bytes of long
 *   patterns are not kept.
 *
 * @module
 */

import type { FormPattern } from "./forms.ts";
import { keyOf, LIMITS, type Limits } from "./blocks.ts";
import { CandidateQueue } from "./candidates.ts";
import { GRAM, GRAM_FACTOR } from "./skip.ts";
import { inFairSlices } from "../streams/slices.ts";
import { atOnce } from "./slices.ts";
import { compileTables, type PatternInfo, type Tables } from "./tables.ts";

export type { PatternInfo } from "./tables.ts";

/** An occurrence of a pattern, or of one block of a long one. */
export interface Match {
  /** Offset of the first byte, counted from the first chunk. */
  readonly start: number;
  /** Offset after the last byte. */
  readonly end: number;
  /** The pattern; `end - start` is less than its `length` for a block of it. */
  readonly pattern: PatternInfo;
  /** Whether it is a block that counts only directly after another match. */
  readonly weak: boolean;
}

/**
 * Takes a raw occurrence: the longest word that ends at `end`, or a block.
 * `weak` blocks count only if something that counts ends at `start` or later.
 */
export type SpanSink = (start: number, end: number, weak: boolean) => void;

/** Compiled patterns. Immutable; any number of matchers may use it. */
export class Automaton {
  #tables: Tables | undefined;

  /**
   * Compiles `patterns`, reading each once.
   *
   * @param limits Sizes of blocks, for tests.
   * @throws {RangeError} If a pattern is shorter than 3 bytes.
   */
  constructor(patterns: Iterable<FormPattern>, limits: Limits = LIMITS) {
    this.#tables = atOnce(compileTables(patterns, limits));
  }

  /**
   * The same in slices, for a process that has other work to do at the same
   * time.
   */
  static async inSlices(
    patterns: Iterable<FormPattern>,
    signal?: AbortSignal,
  ): Promise<Automaton> {
    const automaton = new Automaton([]);
    automaton.#tables = await inFairSlices(
      compileTables(patterns, LIMITS),
      signal,
    );
    return automaton;
  }

  /** Whether there is nothing to find. */
  get empty(): boolean {
    return this.#tables === undefined;
  }

  /** Number of states of the trie. */
  get states(): number {
    return this.#tables?.trie.states ?? 0;
  }

  /** How many bytes a matcher leaves undecided at the most. */
  get reach(): number {
    return this.#tables?.reach ?? 0;
  }

  /** Starts a scan of one stream of bytes. */
  matcher(): Matcher {
    return new TableMatcher(this.#tables);
  }
}

/** The scan of one stream of bytes, chunk by chunk. Get it from {@link Automaton.matcher}. */
export interface Matcher {
  /**
   * Table look-ups so far, for measuring: at most 4 a byte, and one more for
   * each size of blocks.
   */
  readonly steps: number;
  /** Number of bytes scanned. */
  readonly offset: number;
  /** Offset from which on a match may still begin: everything before is decided. */
  readonly undecided: number;
  /** Drops what is undecided; offsets begin at 0 again. */
  reset(): void;
  /**
   * Scans the next chunk and reports every pattern, each occurrence of it, in
   * the order of their ends.
   *
   * @throws Whatever `onMatch` throws; the matcher must then be reset.
   */
  scan(chunk: Uint8Array, onMatch: (match: Match) => void): void;
  /**
   * Scans the next chunk and reports what a mask has to cover, in the order of
   * the ends. Cheaper than {@link Matcher.scan}: one call for each end.
   */
  spans(chunk: Uint8Array, onSpan: SpanSink): void;
  /**
   * Reports what only the end of the text decides, such as an entity without
   * its semicolon. The matcher must then be reset.
   */
  finish(onSpan: SpanSink): void;
  /** The same, for who scans. */
  finishScan(onMatch: (match: Match) => void): void;
}

class TableMatcher implements Matcher {
  steps = 0;

  #tables: Tables | undefined;
  #offset = 0;
  #state = 0;
  /** The candidates of all queues together. */
  #live = 0;
  #queues: (CandidateQueue | undefined)[] = [];
  /** Fingerprints of all bytes since the first candidate. */
  #a = 0;
  #b = 0;

  constructor(tables: Tables | undefined) {
    this.#tables = tables;
  }

  get offset(): number {
    return this.#offset;
  }

  get undecided(): number {
    if (this.#tables === undefined) return this.#offset;
    let from = this.#offset - this.#tables.trie.depth[this.#state]!;
    if (this.#live === 0) return from;
    for (const queue of this.#queues) {
      if (queue !== undefined) {
        from = Math.min(from, queue.deadline - queue.size);
      }
    }
    return from;
  }

  reset(): void {
    this.#offset = 0;
    this.#state = 0;
    this.#live = 0;
    for (const queue of this.#queues) queue?.clear();
  }

  scan(chunk: Uint8Array, onMatch: (match: Match) => void): void {
    const tables = this.#tables;
    if (tables === undefined) {
      this.#offset += chunk.length;
      return;
    }
    const { trie: { fail, depth }, output, words, blockPatterns, blockWeak } =
      tables;
    this.#run(tables, chunk, (start, end, hit) => {
      if (hit < 0) {
        for (const pattern of blockPatterns[~hit]!) {
          onMatch({ start, end, pattern, weak: blockWeak[~hit]! });
        }
        return;
      }
      // The shorter words that end here are those of the failures.
      for (let state = hit; output[state] !== 0; state = fail[state]!) {
        if (output[state] !== depth[state]) continue;
        for (const pattern of words.get(state)!) {
          onMatch({ start: end - depth[state]!, end, pattern, weak: false });
        }
      }
    });
  }

  spans(chunk: Uint8Array, onSpan: SpanSink): void {
    const tables = this.#tables;
    if (tables === undefined) this.#offset += chunk.length;
    else {
      this.#run(tables, chunk, (start, end, hit) => {
        onSpan(start, end, hit < 0 && tables.blockWeak[~hit]!);
      });
    }
  }

  finish(): void {} // each pattern is decided by its last byte

  finishScan(): void {} // like this

  /** `onHit` gets a state that ends words, or `~index` of a block. */
  #run(
    tables: Tables,
    chunk: Uint8Array,
    onHit: (start: number, end: number, hit: number) => void,
  ): void {
    const { trie, skip: { window, down, shifts, begins }, output, heads } =
      tables;
    const { child, label, fail, dense, denseStates } = trie;
    const base = this.#offset;
    const end = chunk.length;
    const lastWindow = end - window;
    const farthest = window - GRAM + 1;
    let state = this.#state;
    let steps = 0;
    let i = 0;
    while (i < end) {
      // A state of one byte, too, is left for the table if no pattern starts at
      // that byte: almost every byte of a log begins some pattern.
      let from = state === 0 ? i : i - 1;
      if (state < denseStates && from >= 0 && this.#live === 0) {
        while (from <= lastWindow) {
          const at = from + window;
          const gram = chunk[at - 1]! | chunk[at - 2]! << 8 |
            chunk[at - 3]! << 16;
          const shift = shifts[Math.imul(gram, GRAM_FACTOR) >>> down]!;
          steps++;
          // The usual case has a branch of its own: the processor predicts it
          // and loads ahead, where adding `shift` would wait for each look-up.
          // It doubles the speed.
          if (shift === farthest) from += farthest;
          else if (shift !== 0) from += shift;
          else {
            // One that may end the window need not begin it.
            const start = chunk[from + 2]! | chunk[from + 1]! << 8 |
              chunk[from]! << 16;
            steps++;
            if (begins[Math.imul(start, GRAM_FACTOR) >>> down] === 1) break;
            from++;
          }
        }
        if (from > lastWindow) {
          // Behind the last window a word may begin that the next chunk ends.
          for (; from + GRAM <= end; from++) {
            const start = chunk[from + 2]! | chunk[from + 1]! << 8 |
              chunk[from]! << 16;
            steps++;
            if (begins[Math.imul(start, GRAM_FACTOR) >>> down] === 1) break;
          }
        }
        if (from >= i) {
          state = 0;
          i = from;
          if (i >= end) break;
        }
      }

      const byte = chunk[i++]!;
      // `step()` of trie.ts, written out: it is the hot path of a text that is
      // full of secrets, and its failures are counted.
      let next = -1;
      while (state >= denseStates) {
        steps++;
        let low = child[state]!;
        let high = child[state + 1]!;
        while (low < high) {
          const middle = (low + high) >> 1;
          const found = label[middle]!;
          if (found === byte) {
            next = middle;
            break;
          }
          if (found < byte) low = middle + 1;
          else high = middle;
        }
        if (next >= 0) break;
        state = fail[state]!;
      }
      if (next < 0) {
        steps++;
        next = dense[(state << 8) | byte]!;
      }
      state = next;

      const length = output[state]!;
      if (length > 0) onHit(base + i - length, base + i, state);
      if (this.#live > 0) this.#advance(tables, byte, base + i, onHit);
      if (heads[state]! > 0) this.#open(tables, state, base + i);
    }
    this.#state = state;
    this.#offset = base + end;
    this.steps += steps;
  }

  /** Takes a byte into the fingerprints and decides the candidates that end behind it. */
  #advance(
    tables: Tables,
    byte: number,
    end: number,
    onHit: (start: number, end: number, hit: number) => void,
  ): void {
    const { fingerprint: { factorA, factorB, byteA, byteB }, sizes, blocks } =
      tables;
    this.#a = Math.imul(this.#a, factorA) + byteA[byte]! | 0;
    this.#b = Math.imul(this.#b, factorB) + byteB[byte]! | 0;
    for (let i = 0; i < this.#queues.length; i++) {
      const queue = this.#queues[i];
      if (queue === undefined || queue.deadline !== end) continue;
      const { size, powerA, powerB } = sizes[i]!;
      // What was there before the head's end is taken out of the fingerprint.
      const a = this.#a - Math.imul(queue.a, powerA) | 0;
      const b = this.#b - Math.imul(queue.b, powerB) | 0;
      const index = blocks.get(keyOf(queue.head, size, a, b));
      queue.shift();
      this.#live--;
      this.steps++;
      if (index !== undefined) onHit(end - size, end, ~index);
    }
  }

  /** Notes that the head of a block ends at `end`. */
  #open(tables: Tables, state: number, end: number): void {
    const { trie: { depth, fail }, heads, headBytes, sizes } = tables;
    let head = state;
    while (depth[head]! > headBytes) head = fail[head]!;
    for (let i = 0; i < sizes.length; i++) {
      if ((heads[head]! & (1 << i)) === 0) continue;
      const { size } = sizes[i]!;
      const queue = this.#queues[i] ??= new CandidateQueue(size);
      queue.push(end - headBytes + size, head, this.#a, this.#b);
      this.#live++;
    }
  }
}
