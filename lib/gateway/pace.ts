/**
 * How fast something may follow: `perSecond` at once, and then as many in each
 * second.
 */
export class Pace {
  readonly #everyMs: number;
  readonly #aheadMs = 1000;
  /** When all that was let through would be over at that pace. */
  #until = 0;

  /** @param perSecond How many. */
  constructor(perSecond: number) {
    this.#everyMs = 1000 / perSecond;
  }

  /** Waits as long as the next one has to. */
  async next(): Promise<void> {
    const now = performance.now();
    this.#until = Math.max(this.#until, now) + this.#everyMs;
    const wait = this.#until - now - this.#aheadMs;
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
