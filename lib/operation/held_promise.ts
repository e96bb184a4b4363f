/**
 * A promise that tells when somebody takes hold of it: awaits it, or gives it a
 * handler. Until then, its rejection is no unhandled one.
 */
export class HeldPromise<T> extends Promise<T> {
  readonly #onHold: () => void;

  /** What `then` and its kin make of it are plain promises. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** @param onHold Called at each taking hold. */
  constructor(promise: Promise<T>, onHold: () => void) {
    super((resolve, reject) => promise.then(resolve, reject));
    this.#onHold = onHold;
    super.then(undefined, () => {}); // a handler that is not the caller's
  }

  /** As of every promise; `await`, `catch` and `Promise.all` come here, too. */
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#onHold();
    return super.then(onFulfilled, onRejected);
  }
}
