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
  readonly #silence: number | undefined;
  readonly #deadline: number;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onAbort = (): void => this.abort(this.#outer?.reason);

  /**
   * Starts the deadline's timer.
   *
   * @param timeout Time for the call in milliseconds; without it there is no
   * deadline.
   * @param silence How long the server may send nothing while it is waited for,
   * in milliseconds; without it, for ever.
   * @throws {RangeError} If one is not a time that a timer can have.
   * @throws The signal's reason, if it is already aborted.
   */
  constructor(
    signal: AbortSignal | undefined,
    timeout: number | undefined,
    silence?: number,
  ) {
    checkTime("timeout", timeout);
    checkTime("silence", silence);
    signal?.throwIfAborted();
    this.#outer = signal;
    this.#timeout = timeout;
    this.#silence = silence;
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

  /**
   * Waits for something of the server's, and ends the call if it takes longer
   * than the server may be silent.
   */
  async hear<T>(wait: () => Promise<T>): Promise<T> {
    const silence = this.#silence;
    if (silence === undefined) return await wait();
    const timer = setTimeout(
      () =>
        this.abort(
          new GrpcError(
            GrpcCode.DEADLINE_EXCEEDED,
            `The server sent nothing for ${silence} ms`,
          ),
        ),
      silence,
    );
    try {
      return await wait();
    } finally {
      clearTimeout(timer);
    }
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

/** @throws {RangeError} If it is given and no time that a timer can have. */
function checkTime(name: string, ms: number | undefined): void {
  if (ms === undefined || ms > 0 && ms <= LONGEST_TIMEOUT_MS) return;
  throw new RangeError(
    `Cannot make the call: ${name} is ${ms}, expected up to ${LONGEST_TIMEOUT_MS} ms`,
  );
}
