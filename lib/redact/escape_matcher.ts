/**
 * Finds patterns that are written with escapes: at each place of a pattern the
 * character itself may stand, or any escape of it (`escapes.ts`), mixed freely.
 *
 * It follows the ways in which a text can be read: a thread for each beginning
 * of a pattern that the text may be writing. Where nothing is followed, the next
 * introducer of an escape is looked for, two bytes at a time, and what stands
 * round it is compared with the pairs of bytes that patterns have: of most
 * escapes of a log it is known at once that no pattern has such a character
 * there. Threads begin in the plain text before one, as far as it may be the
 * beginning of a pattern.
 *
 * - What is written without any escape is not reported: the automaton finds it.
 * - Of a pattern of 64 bytes and more, the heads of its blocks (`blocks.ts`) are
 *   looked for; behind one it is compared byte by byte, and reported in pieces
 *   of 64 bytes, and to its end.
 * - Undecided is at most the writing of 64 bytes.
 * - A text that costs far more than others, since it is made of escapes that all
 *   may be the value's, is not followed any more (`allowance.ts`): from there the
 *   mask covers each line to its end. A proof (`scan()`) follows it.
 *
 * @module
 */

import { StepAllowance } from "./allowance.ts";
import type { Match, Matcher, SpanSink } from "./automaton.ts";
import { LIMITS } from "./blocks.ts";
import type { Continuation, EscapeTables } from "./escape_tables.ts";
import { EscapeReader, MAX_ESCAPE_BYTES } from "./escapes.ts";
import { nextSought, wordsOf } from "./lookout.ts";
import { isQuoting, SIGN } from "./introducers.ts";
import { mayBegin, mayBelong } from "./neighbours.ts";
import { matchOf } from "./escape_match.ts";
import type { PatternInfo } from "./tables.ts";
import { ThreadRing } from "./threads.ts";
import { childOf } from "./trie.ts";

/**
 * How many escapes without a character (quotes, colours) may follow each other
 * within a secret.
 */
const MAX_IDLE = 64;

const NOTHING = new Uint8Array(0);

/** Searches one stream of bytes. */
export class EscapeMatcher implements Matcher {
  steps = 0;

  readonly #tables: EscapeTables;
  readonly #reader = new EscapeReader();
  readonly #ring = new ThreadRing();
  readonly #allowance = new StepAllowance();
  /** Whether the rest of the line is masked without being searched. */
  #isBlind = false;
  #offset = 0;
  /** The end of the text so far, if the escape there is not complete yet. */
  #carry: Uint8Array = NOTHING;
  /** The callback for matches while a chunk is searched. */
  #onSpan: SpanSink | undefined;
  #onMatch: ((match: Match) => void) | undefined;

  /** @param tables What to look for. */
  constructor(tables: EscapeTables) {
    this.#tables = tables;
  }

  get offset(): number {
    return this.#offset;
  }

  get undecided(): number {
    return Math.min(
      this.#offset - this.#carry.length,
      this.#ring.earliest(),
    );
  }

  reset(): void {
    this.#offset = 0;
    this.#carry = NOTHING;
    this.#ring.clear();
    this.#isBlind = false;
    this.#allowance.reset(this.steps);
  }

  spans(chunk: Uint8Array, onSpan: SpanSink): void {
    this.#onSpan = onSpan;
    this.#allowance.grow(this.steps, chunk.length);
    this.#push(chunk);
    this.#onSpan = undefined;
  }

  scan(chunk: Uint8Array, onMatch: (match: Match) => void): void {
    this.#onMatch = onMatch;
    this.#push(chunk);
    this.#onMatch = undefined;
  }

  finish(onSpan: SpanSink): void {
    this.#onSpan = onSpan;
    this.#finish();
    this.#onSpan = undefined;
  }

  finishScan(onMatch: (match: Match) => void): void {
    this.#onMatch = onMatch;
    this.#finish();
    this.#onMatch = undefined;
  }

  #finish(): void {
    const carry = this.#carry;
    this.#carry = NOTHING;
    const base = this.#offset - carry.length;
    this.#run(carry, 0, carry.length, base, true);
  }

  #tell(
    start: number,
    end: number,
    info: PatternInfo,
    families: number,
    at: number,
  ): void {
    this.#onSpan?.(start, end, false);
    this.#onMatch?.(matchOf(start, end, info, families, at));
  }

  #push(chunk: Uint8Array): void {
    let from = 0;
    const carry = this.#carry;
    if (carry.length > 0) {
      const more = chunk.subarray(0, MAX_ESCAPE_BYTES);
      const joined = new Uint8Array(carry.length + more.length);
      joined.set(carry);
      joined.set(more, carry.length);
      const base = this.#offset - carry.length;
      const until = more.length === chunk.length ? joined.length : carry.length;
      const at = this.#run(joined, 0, until, base, false);
      if (until === joined.length) {
        this.#carry = joined.subarray(at);
        this.#offset += chunk.length;
        return;
      }
      this.#carry = NOTHING;
      from = at - carry.length;
    }
    const at = this.#run(chunk, from, chunk.length, this.#offset, false);
    if (at < chunk.length) this.#carry = chunk.slice(at);
    this.#offset += chunk.length;
  }

  /**
   * Follows a text from `from` to `until`; the text may be read beyond `until`.
   *
   * @param base Offset of the text's first byte.
   * @returns Where it stopped: before `until` if an escape there is cut off.
   */
  #run(
    text: Uint8Array,
    from: number,
    until: number,
    base: number,
    isEnd: boolean,
  ): number {
    const ring = this.#ring;
    const tables = this.#tables;
    const { introducers, depth } = tables;
    const words = wordsOf(text);
    /** What was gone through: no thread that is not alive began before. */
    let done = from;
    /** What is gone through byte by byte, also where nothing is alive. */
    let planned = from;
    let at = this.#isBlind
      ? this.#maskLine(text, from, from, until, base)
      : from;
    let check = from;
    while (true) {
      if (ring.alive > 0 && at >= check) {
        check = at + depth;
        // Plain text is gone through again where an escape stands behind it.
        if (at + depth + 2 < until && ring.isPlain(base + at)) {
          const next = nextSought(tables, text, words, at, until);
          if (next > at + depth + 2) {
            ring.clear();
            at = planned = next;
          }
        }
      }
      if (ring.alive === 0 && at >= planned) {
        at = nextSought(tables, text, words, at, until);
        if (at < until && !this.#mayMatter(text, at, done)) {
          at++;
          continue;
        }
        planned = Math.min(at + 1, until);
        at = this.#startBefore(text, at, done, at >= until);
      }
      if (at >= until) return until;
      // A proof searches everything, whatever it costs.
      if (this.#onSpan !== undefined && this.#allowance.isSpent(this.steps)) {
        const start = Math.min(at, ring.earliest() - base);
        ring.clear();
        at = done = planned = this.#maskLine(text, start, at, until, base);
        continue;
      }
      if (
        introducers[text[at]!] === 1 && this.#reader.read(text, at, text.length)
      ) {
        if (this.#reader.cut && !isEnd) return at;
        this.#escape(at, base);
      }
      this.#step(text, at, base);
      done = ++at;
    }
  }

  /**
   * Masks from `start` to the end of the line.
   *
   * @returns The index of the line's end, after `at`; `until` if it comes
   * later.
   */
  #maskLine(
    text: Uint8Array,
    start: number,
    at: number,
    until: number,
    base: number,
  ): number {
    const line = text.subarray(at, until).indexOf(SIGN.lf);
    const end = line < 0 ? until : at + line;
    this.#isBlind = line < 0;
    if (end > start) this.#onSpan?.(base + start, base + end, false);
    return line < 0 ? until : end + 1;
  }

  /** Whether an escape at this place may be the first one of a value. */
  #mayMatter(text: Uint8Array, at: number, done: number): boolean {
    const reader = this.#reader;
    return reader.read(text, at, text.length) &&
      mayBelong(text, at, done, reader, this.#tables);
  }

  /** Where a pattern may have begun that is written plainly up to a place. */
  #startBefore(
    text: Uint8Array,
    at: number,
    done: number,
    isEnd: boolean,
  ): number {
    const { before, chars, pairs, depth } = this.#tables;
    const least = Math.max(done, at - depth - 2);
    let start = at;
    // A shell opens quotes before an escape: `foo$'\n'`.
    while (start > least && start > at - 3 && isQuoting(text[start - 1]!)) {
      start--;
    }
    if (start === least) return start;
    const known = isEnd ? chars : before;
    if (known[text[start - 1]!] === 0) return start;
    start--;
    while (
      start > least && pairs[text[start - 1]! << 8 | text[start]!] === 1
    ) start--;
    // Where no pattern begins there is nothing to go through.
    while (start < at && !mayBegin(text, start, this.#tables)) start++;
    return start;
  }

  /** Follows all threads through one byte as it is. */
  #step(text: Uint8Array, at: number, base: number): void {
    const place = base + at;
    const ring = this.#ring;
    const threads = ring.at(place);
    const byte = text[at]!;
    this.steps += 1 + threads.count;
    for (let i = 0; i < threads.count; i++) {
      const pattern = threads.patterns[i]!;
      const next = this.#next(threads.states[i]!, pattern, byte);
      if (next === 0) continue;
      this.#arrive(
        place + 1,
        next,
        threads.starts[i]!,
        threads.families[i]!,
        pattern,
        threads.limits[i]!,
      );
    }
    const root = this.#tables.first[byte]!;
    if (root !== 0 && mayBegin(text, at, this.#tables)) {
      this.#arrive(place + 1, root, place, 0, -1, 0);
    }
    ring.drop(threads);
  }

  /**
   * Follows all threads through an escape, in each way in which it can be read.
   */
  #escape(at: number, base: number): void {
    const { bytes, lengths, families, ends, count } = this.#reader;
    const place = base + at;
    const ring = this.#ring;
    const threads = ring.at(place);
    for (let way = 0, from = 0; way < count; way++) {
      const end = ends[way]!;
      const to = place + lengths[way]!;
      const family = families[way]!;
      this.steps += 1 + threads.count;
      for (let i = 0; i < threads.count; i++) {
        const state = threads.states[i]!;
        const start = threads.starts[i]!;
        const pattern = threads.patterns[i]!;
        const limit = threads.limits[i]!;
        const all = threads.families[i]! | family;
        if (from + 1 === end) {
          const next = this.#next(state, pattern, bytes[from]!);
          if (next !== 0) {
            this.#arrive(to, next, start, all, pattern, limit);
          }
        } else if (from < end) {
          const way = { from, end, to, start, families: all, limit };
          this.#through(way, state, pattern);
        } else if (threads.idle[i]! < MAX_IDLE) {
          const idle = threads.idle[i]! + 1;
          ring.add(to, state, start, all, idle, pattern, limit);
        }
      }
      if (from < end && this.#tables.first[bytes[from]!] !== 0) {
        const way = { from, end, to, start: place, families: family, limit: 0 };
        this.#through(way, 0, -1);
      }
      from = end;
    }
  }

  /**
   * Follows a thread through the bytes of a character that an escape stands
   * for.
   */
  #through(way: Way, from: number, pattern: number): void {
    const { first, ends, heads, trie } = this.#tables;
    const { bytes } = this.#reader;
    let state = from;
    for (let at = way.from; at < way.end; at++) {
      state = state === 0
        ? first[bytes[at]!]!
        : this.#next(state, pattern, bytes[at]!);
      if (state === 0) return;
      // A head may end within a character.
      const isHead = at + 1 < way.end && pattern < 0 && ends[state] === 1;
      if (!isHead) continue;
      for (const next of heads.get(state) ?? []) {
        const limit = this.#limitOf(next);
        const rest = { ...way, from: at + 1, limit };
        this.#through(rest, trie.states + next.at, next.pattern);
      }
    }
    const { to, start, families, limit } = way;
    this.#arrive(to, state, start, families, pattern, limit);
  }

  /** The state after a byte; 0 if there is none. */
  #next(state: number, pattern: number, byte: number): number {
    const { long, patterns, trie } = this.#tables;
    if (pattern < 0) return childOf(trie, state, byte);
    const at = state - trie.states;
    return at < patterns[pattern]!.end && long[at] === byte ? state + 1 : 0;
  }

  /** Where the first piece ends that is told of a long pattern. */
  #limitOf({ at, pattern }: Continuation): number {
    const { end } = this.#tables.patterns[pattern]!;
    return Math.min(at - LIMITS.head + LIMITS.block, end);
  }

  /** Keeps a thread at a place, and reports what ends there. */
  #arrive(
    place: number,
    state: number,
    start: number,
    families: number,
    pattern: number,
    limit: number,
  ): void {
    const { trie, ends, words, heads, patterns } = this.#tables;
    const ring = this.#ring;
    if (pattern >= 0) {
      const at = state - trie.states;
      if (at < limit) {
        ring.add(place, state, start, families, 0, pattern, limit);
        return;
      }
      const { from, end, info } = patterns[pattern]!;
      const piece = Math.max(0, limit - LIMITS.block - from);
      if (families !== 0) this.#tell(start, place, info, families, piece);
      if (at === end) return;
      const next = Math.min(at + LIMITS.block, end);
      ring.add(place, state, place, families, 0, pattern, next);
      return;
    }
    if (ends[state] === 1) {
      const word = words.get(state);
      if (word !== undefined && families !== 0) {
        this.#tell(start, place, word, families, 0);
      }
      for (const next of heads.get(state) ?? []) {
        const longState = trie.states + next.at;
        const limit = this.#limitOf(next);
        ring.add(place, longState, start, families, 0, next.pattern, limit);
      }
    }
    // Where nothing goes on there is nothing to follow.
    if (trie.child[state] === trie.child[state + 1]) return;
    ring.add(place, state, start, families, 0, -1, 0);
  }
}

/** One way to read an escape. */
interface Way {
  /** What it says begins there, among the reader's bytes. */
  readonly from: number;
  readonly end: number;
  /** The index at which the text continues after it. */
  readonly to: number;
  readonly start: number;
  readonly families: number;
  readonly limit: number;
}
