/**
 * The window that we grant, to one stream or the connection.
 *
 * What was consumed is given back in halves of the window, so that a large
 * body costs few WINDOW_UPDATE frames and its sender never runs dry.
 */
export class ReceiveFlow {
  readonly #size: number;
  #window: number;
  #consumed = 0;

  /** Begins with `window` granted, to be kept at `size` bytes. */
  constructor(size: number, window: number = size) {
    this.#size = size;
    this.#window = window;
  }

  /** Takes `count` received bytes off the window; `false` if the peer may not send so many. */
  take(count: number): boolean {
    if (count > this.#window) return false;
    this.#window -= count;
    return true;
  }

  /** Counts consumed bytes; gives the increment that is due now, or 0. */
  giveBack(count: number): number {
    this.#consumed += count;
    if (this.#consumed * 2 < this.#size) return 0;
    const increment = this.#consumed;
    this.#consumed = 0;
    this.#window += increment;
    return increment;
  }
}
