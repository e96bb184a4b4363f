import { withCallerSignal } from "./caller_signal.ts";
import { ConnectionError } from "../errors.ts";
import { Operation, type OperationInit } from "./operation.ts";

interface Running {
  /** Resolves when it has ended. */
  readonly over: Promise<void>;
  cutOff(reason: unknown): void;
}

/**
 * All operations and requests that run on one client. Closing the client ends
 * them.
 */
export class Operations {
  readonly #running = new Map<Running, string>();
  #isClosed = false;

  /**
   * Starts an operation, which has a result of its own. On a closed client it
   * fails at once.
   */
  start<Result, Item>(
    init: OperationInit<Result, Item>,
  ): Operation<Result, Item> {
    if (this.#isClosed) return new Operation(init, closedClient());
    const operation = new Operation(init);
    this.#add(operation, init.what);
    return operation;
  }

  /**
   * Makes a request that is aborted when the client is closed.
   *
   * @throws {ConnectionError} If the client is closed.
   */
  async run<T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { stop, end } = this.#begin(signal);
    try {
      return await work(stop);
    } finally {
      end();
    }
  }

  /**
   * The same as {@linkcode run}, for a request that lasts until its stream has
   * ended.
   */
  async stream(
    signal: AbortSignal | undefined,
    open: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const { stop, end } = this.#begin(signal);
    try {
      return endingWith(await open(stop), stop, end);
    } catch (error) {
      end();
      throw error;
    }
  }

  /**
   * The same as {@linkcode run}, for a request whose answer comes one thing after
   * the other. One that is not read to its end, nor ended, holds nobody up.
   */
  async *iterate<T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => AsyncGenerator<T, void>,
  ): AsyncGenerator<T, void> {
    const { stop, end } = this.#begin(signal);
    const onAbort = () => end();
    stop.addEventListener("abort", onAbort);
    try {
      yield* work(stop);
    } finally {
      stop.removeEventListener("abort", onAbort);
      end();
    }
  }

  /**
   * Cancels everything that runs, and waits until it has ended. What is started
   * afterwards fails.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    const running = [...this.#running];
    for (const [one, what] of running) one.cutOff(closedReason(what));
    await Promise.all(running.map(([{ over }]) => over));
  }

  #begin(signal: AbortSignal | undefined) {
    const abort = new AbortController();
    const stop = withCallerSignal(abort.signal, signal);
    // The work is called even so: it releases what it was given, and throws the
    // reason.
    if (this.#isClosed) abort.abort(closedClient());
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    this.#add({ over, cutOff: (reason) => abort.abort(reason) }, "request");
    return { stop, end };
  }

  #add(one: Running, what: string): void {
    this.#running.set(one, what);
    one.over.then(() => this.#running.delete(one));
  }
}

function closedClient(): ConnectionError {
  return new ConnectionError("The client is closed: make a new one");
}

function closedReason(what: string): DOMException {
  return new DOMException(
    `The ${what} was cancelled: its client was closed while it ran; await its end before close(), or before the scope of "await using" is left`,
    "AbortError",
  );
}

/** The same bytes; calls `onEnd` when they end, in whatever way. */
function endingWith(
  stream: ReadableStream<Uint8Array>,
  stop: AbortSignal,
  onEnd: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  let controller: ReadableByteStreamController;
  const end = () => {
    stop.removeEventListener("abort", onStop);
    onEnd();
  };
  const onStop = () => {
    controller.error(stop.reason);
    reader.cancel(stop.reason).catch(() => {}); // it fails for the same reason
    end();
  };
  return new ReadableStream({
    type: "bytes",
    start(own) {
      controller = own;
      stop.addEventListener("abort", onStop);
    },
    async pull() {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value as Uint8Array<ArrayBuffer>);
        controller.close();
        // A reader with a buffer of its own is still waiting for it.
        controller.byobRequest?.respond(0);
        end();
      } catch (error) {
        end();
        throw error;
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  });
}
