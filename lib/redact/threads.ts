/**
 * The threads that a search within escapes follows at the same time.
 *
 * @module
 */

import { MAX_ESCAPE_BYTES } from "./escapes.ts";

/** Places ahead: a power of two, and more than an escape has bytes. */
const PLACES = 2 * MAX_ESCAPE_BYTES;

/**
 * How many threads there may be at one place; further ones are not followed.
 */
const MAX_THREADS = 24;

/** The threads that go on at one place of the text. */
export class Threads {
  /** How many threads there are. */
  count = 0;
  /** By thread: how far it is, as a state of the trie, or behind all of them a place in a long pattern. */
  readonly states: Int32Array = new Int32Array(MAX_THREADS);
  /** By thread: where its match begins, or the part of it that was not told yet. */
  readonly starts: Float64Array = new Float64Array(MAX_THREADS);
  /** By thread: the families of the escapes that it went through. */
  readonly families: Uint8Array = new Uint8Array(MAX_THREADS);
  /** By thread: how many escapes without a character it has passed in a row. */
  readonly idle: Uint8Array = new Uint8Array(MAX_THREADS);
  /** By thread in a long pattern: index of it; -1 in the trie. */
  readonly patterns: Int32Array = new Int32Array(MAX_THREADS);
  /** By thread in a long pattern: where the piece ends that is told next. */
  readonly limits: Int32Array = new Int32Array(MAX_THREADS);

  /**
   * Adds one; of two that are equally far the one with escapes stays, and the
   * longer.
   */
  add(
    state: number,
    start: number,
    family: number,
    idle: number,
    pattern: number,
    limit: number,
  ): void {
    for (let i = 0; i < this.count; i++) {
      if (this.states[i] !== state) continue;
      const isBetter = this.families[i] === 0
        ? family !== 0 || start < this.starts[i]!
        : family !== 0 && start < this.starts[i]!;
      if (isBetter) {
        this.starts[i] = start;
        this.families[i] = family;
      }
      this.idle[i] = Math.min(this.idle[i]!, idle);
      return;
    }
    if (this.count === MAX_THREADS) return;
    const at = this.count++;
    this.states[at] = state;
    this.starts[at] = start;
    this.families[at] = family;
    this.idle[at] = idle;
    this.patterns[at] = pattern;
    this.limits[at] = limit;
  }
}

/** The threads of the places ahead, as far as an escape leads. */
export class ThreadRing {
  /** Threads at all places. */
  alive = 0;
  /** Made when they are used: there is a ring for each output of each step. */
  readonly #places: (Threads | undefined)[] = [];

  /** Adds a thread at a place. */
  add(
    place: number,
    state: number,
    start: number,
    families: number,
    idle: number,
    pattern: number,
    limit: number,
  ): void {
    const threads = this.at(place);
    const before = threads.count;
    threads.add(state, start, families, idle, pattern, limit);
    this.alive += threads.count - before;
  }

  /** The threads at a place. */
  at(place: number): Threads {
    return this.#places[place & (PLACES - 1)] ??= new Threads();
  }

  /** Whether no thread has passed an escape, and all are at this place. */
  isPlain(place: number): boolean {
    const { count, families } = this.at(place);
    if (count !== this.alive) return false;
    for (let i = 0; i < count; i++) if (families[i] !== 0) return false;
    return true;
  }

  /** Where the earliest match of any begins; `Infinity` if there is none. */
  earliest(): number {
    let start = Infinity;
    if (this.alive === 0) return start;
    for (const threads of this.#places) {
      if (threads === undefined) continue;
      const { count, starts } = threads;
      for (let i = 0; i < count; i++) start = Math.min(start, starts[i]!);
    }
    return start;
  }

  /** Drops the threads of a place that are finished. */
  drop(threads: Threads): void {
    this.alive -= threads.count;
    threads.count = 0;
  }

  /** Drops all threads. */
  clear(): void {
    for (const threads of this.#places) if (threads) threads.count = 0;
    this.alive = 0;
  }
}
