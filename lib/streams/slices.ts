import { turn } from "./turn.ts";

/** How long work may run before other work gets a turn, in milliseconds. */
const SLICE_MS = 4;

/**
 * A slice of time for work that runs long: after it, other work gets a turn.
 */
export class Slice {
  readonly #ms: number;
  #end: number;

  /** @param ms Length of the slice, in milliseconds; it begins now. */
  constructor(ms: number = SLICE_MS) {
    this.#ms = ms;
    this.#end = performance.now() + ms;
  }

  /**
   * Whether the slice is used up. Ask only now and then, because reading the
   * clock takes time.
   */
  get over(): boolean {
    return performance.now() > this.#end;
  }

  /** Gives other work a turn, and begins the next slice. */
  async next(): Promise<void> {
    await turn();
    this.#end = performance.now() + this.#ms;
  }
}

/**
 * Does work step by step, with a turn for other work between two slices of
 * time.
 */
export async function inSlices<T>(
  work: Generator<void, T, undefined>,
): Promise<T> {
  const slice = new Slice();
  while (true) {
    const { done, value } = work.next();
    if (done) return value;
    if (slice.over) await slice.next();
  }
}

/**
 * Settles when the previous slice has ended: only one slice runs at a time, of
 * all work that is done by `inFairSlices`.
 */
let before: Promise<void> = Promise.resolve();
/** When the pause after that slice ends, by `performance.now()`. */
let pausedUntil = 0;

/**
 * Does work step by step without holding up the rest of the program, for
 * example for a client of a server. After each slice there is a pause of the
 * same length, in which other work runs. Several such works take turns, and
 * together use that half of the time.
 *
 * @param signal Ends the work between two slices, with the signal's reason.
 */
export async function inFairSlices<T>(
  work: Generator<void, T>,
  signal?: AbortSignal,
): Promise<T> {
  while (true) {
    const mine = Promise.withResolvers<void>();
    const last = before;
    before = mine.promise;
    await last;
    const pause = pausedUntil - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    const begun = performance.now();
    try {
      signal?.throwIfAborted();
      do {
        const { done, value } = work.next();
        if (done === true) return value;
      } while (performance.now() - begun < SLICE_MS);
    } finally {
      const now = performance.now();
      pausedUntil = now + now - begun;
      mine.resolve();
    }
  }
}
