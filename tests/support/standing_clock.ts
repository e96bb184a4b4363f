const { setTimeout: realTimeout, clearTimeout: realClear } = globalThis;
const realNow = performance.now;
const realSignal = AbortSignal.timeout;

/**
 * A clock that stands: `performance.now()` begins at 0, and what a timer or the
 * time of a signal does is done as the clock is moved past it. So waits are tried
 * without waiting.
 */
export class StandingClock implements Disposable {
  #now = 0;
  #next = 1;
  readonly #timers = new Map<
    number,
    { at: number; run: () => void; isSignal?: boolean }
  >();

  constructor() {
    globalThis.setTimeout = ((run: () => void, ms = 0) => {
      const id = this.#next++;
      this.#timers.set(id, { at: this.#now + ms, run });
      return id;
    }) as unknown as typeof setTimeout;
    globalThis.clearTimeout =
      ((id: number) => void this.#timers.delete(id)) as typeof clearTimeout;
    AbortSignal.timeout = (ms) => {
      const passed = new AbortController();
      const late = new DOMException("Signal timed out.", "TimeoutError");
      const run = () => passed.abort(late);
      this.#timers.set(this.#next++, {
        at: this.#now + ms,
        run,
        isSignal: true,
      });
      return passed.signal;
    };
    performance.now = () => this.#now;
  }

  /** How far away each timer is, the nearest first; those of signals do not count. */
  get waits(): number[] {
    return [...this.#timers.values()].filter(({ isSignal }) => !isSignal)
      .map(({ at }) => at - this.#now)
      .sort((a, b) => a - b);
  }

  /** Lets time pass while the event loop is busy: no timer comes up. */
  work(ms: number): void {
    this.#now += ms;
  }

  /** Lets time pass; timers come up, each behind what the one before set off. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.settle();
    while (true) {
      const due = [...this.#timers].filter(([, { at }]) => at <= until)
        .sort(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) break;
      const [id, { at, run }] = due;
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, at);
      run();
      await this.settle();
    }
    this.#now = Math.max(this.#now, until);
  }

  /** Lets everything go on that waits for no timer. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
      await new Promise((resolve) => realTimeout(resolve, 0));
    }
  }

  /** The real clock goes on. */
  [Symbol.dispose](): void {
    globalThis.setTimeout = realTimeout;
    globalThis.clearTimeout = realClear;
    AbortSignal.timeout = realSignal;
    performance.now = realNow;
  }
}
