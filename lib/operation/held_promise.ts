/**
 * A promise that notices when somebody uses it: awaits it, or adds a handler.
 * As long as nobody does, its rejection is not reported as unhandled.
 */
export class HeldPromise<T> extends Promise<T> {
  readonly #onHold: () => void;

  /** Promises that `then`, `catch` and `finally` return are plain promises. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** @param onHold Called each time that somebody uses the promise. */
  constructor(promise: Promise<T>, onHold: () => void) {
    super((resolve, reject) => promise.then(resolve, reject));
    this.#onHold = onHold;
    super.then(undefined, () => {}); // so that a rejection is not reported as unhandled
  }

  /**
   * The same as for every promise; `await`, `catch` and `Promise.all` call it,
   * too.
   */
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#onHold();
    return super.then(onFulfilled, onRejected);
  }
}
