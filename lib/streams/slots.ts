/**
 * A bound for what happens at the same time: so many have a slot, and others
 * wait for one in their order.
 */
export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  /** @param count How many there are. */
  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Takes a slot, which is given back when it is disposed of.
   *
   * @param signal Ends the waiting; the promise rejects with its reason.
   */
  async take(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#giveBack();
        isHeld = false;
      },
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const proceed = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.delete(proceed);
        reject(signal.reason);
      };
      this.#waiting.add(proceed);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  #giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
