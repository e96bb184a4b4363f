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
