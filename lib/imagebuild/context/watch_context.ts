import { ContextError } from "../../errors.ts";
import { noBytes } from "../../streams/byte_source.ts";

/** A context on its way to the engine. */
export interface WatchedContext {
  /** What is sent. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Bytes that the engine's side has taken so far. */
  readonly sent: number;
  /** Why the caller's stream failed, or was refused on its way, if so. */
  readonly failure: Error | undefined;
  /** The engine has built: it wants no more than it has taken. */
  taken(): void;
  /** Tells the caller's stream that no more of it is wanted; behind its end, nothing. */
  release(reason: unknown): void;
}

/** Told of what happens to a context on its way. */
export interface ContextWatcher {
  /** Called at once when the caller's stream fails, or is refused. */
  readonly onFailure: (failure: Error) => void;
  /** Called before the end is handed on; what it throws refuses the context. */
  readonly onLast?: () => void | Promise<void>;
  /**
   * Called with the number of bytes behind the last one, or once the engine wants
   * no more of them.
   */
  readonly onEnd: (bytes: number) => void;
  /**
   * Called with each chunk before it is sent; it must not be changed or kept.
   * What it throws refuses the context: nothing more is sent.
   */
  readonly onChunk?: (chunk: Uint8Array) => void | Promise<void>;
  /** Called when no more of it will come, however it ended. */
  readonly onRelease?: () => void;
}

/**
 * Puts an observer before the caller's stream: `fetch` reports a body that
 * fails as a network error, and says nothing of a body that fails after the
 * answer has begun.
 *
 * @throws {TypeError} If the stream is in use, or is none.
 */
export function watchContext(
  context: ReadableStream<Uint8Array>,
  watcher: ContextWatcher,
): WatchedContext {
  const reader = context.getReader();
  let sent = 0;
  let failure: Error | undefined;
  let isOver = false;
  const end = () => {
    if (!isOver) watcher.onEnd(sent);
    isOver = true;
  };
  const fail = (message: string, options?: ErrorOptions): Error => {
    // A folder's own words need no others.
    failure = options?.cause instanceof ContextError
      ? options.cause
      : new ContextError(message, options);
    watcher.onFailure(failure);
    return failure;
  };
  /** Lets the watcher refuse the context. */
  const asked = async (ask: () => void | Promise<void>): Promise<void> => {
    try {
      await ask();
    } catch (error) {
      await reader.cancel(error).catch(() => {}); // it is refused either way
      failure = error instanceof Error ? error : new Error(String(error));
      watcher.onFailure(failure);
      throw error;
    }
  };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      let result: ReadableStreamReadResult<Uint8Array>;
      try {
        result = await reader.read();
      } catch (cause) {
        throw fail(
          `The build context could not be read, and the build was stopped: ${
            cause instanceof Error ? cause.message : String(cause)
          }`,
          { cause },
        );
      }
      if (result.done) {
        await asked(() => watcher.onLast?.());
        controller.close();
        end();
        return;
      }
      if (!(result.value instanceof Uint8Array)) {
        await reader.cancel().catch(() => {}); // it is refused either way
        throw fail(
          `The build was stopped: its context ${noBytes(result.value)}`,
        );
      }
      sent += result.value.length;
      const { value } = result;
      await asked(() => watcher.onChunk?.(value));
      // `fetch` wants plain buffers behind the bytes; a shared one is copied.
      controller.enqueue(
        value.buffer instanceof ArrayBuffer
          ? value as Uint8Array<ArrayBuffer>
          : new Uint8Array(value),
      );
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return {
    body,
    get sent() {
      return sent;
    },
    get failure() {
      return failure;
    },
    taken() {
      if (sent > 0) end();
    },
    release(reason) {
      isOver = true;
      watcher.onRelease?.();
      reader.cancel(reason).catch(() => {}); // it is given up either way
    },
  };
}
