import { turn } from "../streams/turn.ts";

/** How long other work waits for us, in milliseconds. */
const SLICE_MS = 4;

/** Does work step by step, and lets other work go on in between. */
export async function inSlices<T>(
  work: Generator<void, T, undefined>,
): Promise<T> {
  let end = performance.now() + SLICE_MS;
  while (true) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() > end) {
      await turn();
      end = performance.now() + SLICE_MS;
    }
  }
}
