/**
 * Limits how fast something happens: `perSecond` times at once, and after that
 * as many in each second.
 */
export class Pace {
  readonly #everyMs: number;
  readonly #aheadMs = 1000;
  /** Up to when, at that pace, what was let through already takes. */
  #until = 0;

  /** @param perSecond How many in a second. */
  constructor(perSecond: number) {
    this.#everyMs = 1000 / perSecond;
  }

  /** Waits until the next one may go. */
  async next(): Promise<void> {
    const now = performance.now();
    this.#until = Math.max(this.#until, now) + this.#everyMs;
    const wait = this.#until - now - this.#aheadMs;
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
