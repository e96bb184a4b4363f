/** The longest pause behind a turn, in milliseconds. */
const MAX_PAUSE_MS = 100;

/**
 * Turns for what takes the event loop for a while: one at a time, in the order
 * in which they were asked for, and each is followed by a pause as long as it
 * took. So whoever asks for little waits for one such turn at the most, however
 * many ask for much.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve();
  /** When the pause behind the last turn is over, by `performance.now()`. */
  #pausedUntil = 0;

  /** Waits for the turn; it ends when the event loop is free again. */
  async take(): Promise<void> {
    const before = this.#last;
    const over = Promise.withResolvers<void>();
    this.#last = over.promise;
    await before;
    const pause = this.#pausedUntil - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    const begun = performance.now();
    setTimeout(() => {
      const now = performance.now();
      this.#pausedUntil = now + Math.min(now - begun, MAX_PAUSE_MS);
      over.resolve();
    }, 0);
  }
}
