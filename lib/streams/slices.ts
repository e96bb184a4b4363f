import { turn } from "./turn.ts";

/** How long other work waits for ours, in milliseconds. */
const SLICE_MS = 4;

/** A slice of time: behind it other work gets its turn. */
export class Slice {
  readonly #ms: number;
  #end: number;

  /** @param ms How long it is, in milliseconds; it begins at once. */
  constructor(ms: number = SLICE_MS) {
    this.#ms = ms;
    this.#end = performance.now() + ms;
  }

  /** Whether it is used up. To be asked now and then: the clock takes time, too. */
  get over(): boolean {
    return performance.now() > this.#end;
  }

  /** Gives way to other work, and begins the next slice. */
  async next(): Promise<void> {
    await turn();
    this.#end = performance.now() + this.#ms;
  }
}

/** Does work step by step, and lets other work go on between two slices of it. */
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

/** The slice before: of all that is done in slices, one runs at a time. */
let before: Promise<void> = Promise.resolve();
/** When the pause behind it is over, by `performance.now()`. */
let pausedUntil = 0;

/**
 * Does work step by step for somebody who must not keep others waiting. Behind
 * each slice there is a pause as long as it took, in which whatever waits for
 * the event loop gets its turn; several that are done so take turns, and share
 * that half of the time.
 *
 * @param signal Ends it between two slices, with its reason.
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
