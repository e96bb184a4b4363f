/** The longest pause after a turn, in milliseconds. */
const MAX_PAUSE_MS = 100;

/**
 * A queue for work that occupies the event loop for a while: one at a time, in
 * the order of the requests, and each followed by a pause as long as the work
 * took. So a small request waits for one such turn at most, however many large
 * ones there are.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve();
  /**
   * When the pause after the last turn ends, in the time of
   * `performance.now()`.
   */
  #pausedUntil = 0;

  /** Waits for the turn, which ends when the event loop is next idle. */
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
