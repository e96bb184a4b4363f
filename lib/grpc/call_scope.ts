import { GrpcCode, GrpcError } from "./status.ts";

/** The longest time that a timer can wait. */
const LONGEST_TIMEOUT_MS = 0x7fffffff;

/** `grpc-timeout` has at most eight digits. */
const LARGEST_TIMEOUT_VALUE = 99_999_999;

/** What ends a call early on this side: its caller's signal, its deadline, `cancel()`. */
export class CallScope {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #timeout: number | undefined;
  readonly #deadline: number;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onAbort = (): void => this.abort(this.#outer?.reason);

  /**
   * Begins to count.
   *
   * @param timeout Milliseconds; none means no deadline.
   * @throws {RangeError} If it is no time that can be counted.
   * @throws The signal's reason, if it is aborted already.
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

  /** Aborts with what the call fails with. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The value of `grpc-timeout`, if there is a deadline. */
  get timeoutHeader(): string | undefined {
    if (this.#timeout === undefined) return undefined;
    const ms = Math.ceil(this.#timeout);
    return ms <= LARGEST_TIMEOUT_VALUE ? `${ms}m` : `${Math.ceil(ms / 1000)}S`;
  }

  /** Ends the call with `reason`. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** A server may be told of the deadline's end by its own clock first: then it stays what it is. */
  atDeadline(error: GrpcError): GrpcError {
    return performance.now() >= this.#deadline
      ? this.#deadlineError(error)
      : error;
  }

  /** The call is over: nothing ends it any more. */
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
