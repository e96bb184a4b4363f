/**
 * A pause of work that would otherwise hold the event loop: sockets are read
 * and timers run before it ends. It takes some 10 µs; a timer of 0 ms takes
 * more than a millisecond.
 */
export class Turn implements Disposable {
  readonly #channel: MessageChannel = new MessageChannel();
  #resolve: (() => void) | undefined;

  /** Keeps the program alive until it is disposed of. */
  constructor() {
    this.#channel.port2.onmessage = () => this.#resolve?.();
  }

  /** Pauses; one at a time. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#channel.port1.postMessage(null);
    });
  }

  /** Gives the channel back; a pause under way ends. */
  [Symbol.dispose](): void {
    this.#channel.port1.close();
    this.#channel.port2.close();
    this.#resolve?.();
  }
}
