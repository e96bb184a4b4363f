import { GrpcCode, GrpcError } from "./status.ts";

/** The longest time that a timer can have, in milliseconds. */
const LONGEST_TIMEOUT_MS = 0x7fffffff;

/** `grpc-timeout` has at most eight digits. */
const LARGEST_TIMEOUT_VALUE = 99_999_999;

/**
 * Collects what can end a call early on this side: the caller's signal, the
 * deadline, and `cancel()`.
 */
export class CallScope {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #timeout: number | undefined;
  readonly #deadline: number;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onAbort = (): void => this.abort(this.#outer?.reason);

  /**
   * Starts the deadline's timer.
   *
   * @param timeout Time for the call in milliseconds; without it there is no
   * deadline.
   * @throws {RangeError} If the timeout is not a time that a timer can have.
   * @throws The signal's reason, if it is already aborted.
   */
  constructor(signal: AbortSignal | undefined, timeout: number | undefined) {
    if (
      timeout !== undefined && !(timeout > 0 && timeout <= LONGEST_TIMEOUT_MS)
    ) {
      throw new RangeError(
        `Cannot make the call: timeout is ${timeout}, expected up to ${LONGEST_TIMEOUT_MS} ms`,
      );
    }
    signal?.throwIfAborted();
    this.#outer = signal;
    this.#timeout = timeout;
    this.#deadline = timeout === undefined
      ? Infinity
      : performance.now() + timeout;
    signal?.addEventListener("abort", this.#onAbort);
    if (timeout !== undefined) {
      this.#timer = setTimeout(
        () => this.abort(this.#deadlineError()),
        timeout,
      );
    }
  }

  /** Aborts with the error that the call fails with. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The value of `grpc-timeout`; undefined if there is no deadline. */
  get timeoutHeader(): string | undefined {
    if (this.#timeout === undefined) return undefined;
    const ms = Math.ceil(this.#timeout);
    return ms <= LARGEST_TIMEOUT_VALUE ? `${ms}m` : `${Math.ceil(ms / 1000)}S`;
  }

  /** Ends the call with `reason`. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /**
   * If the deadline has passed, the deadline's error, otherwise `error`: the
   * server may have ended the call because its own clock reached the deadline
   * first.
   */
  atDeadline(error: GrpcError): GrpcError {
    return performance.now() >= this.#deadline
      ? this.#deadlineError(error)
      : error;
  }

  /**
   * The call has ended: stops the timer, and no longer listens to the signal.
   */
  close(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }

  #deadlineError(cause?: GrpcError): GrpcError {
    return new GrpcError(
      GrpcCode.DEADLINE_EXCEEDED,
      `The call took longer than its ${this.#timeout} ms`,
      cause === undefined ? {} : { cause },
    );
  }
}
