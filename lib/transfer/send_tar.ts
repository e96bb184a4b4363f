import { noBytes } from "../streams/byte_source.ts";

/** Options for sending a caller's tar to the engine. */
export interface TarSending {
  /**
   * Called with the number of bytes that were sent so far. If it throws, the
   * request ends.
   */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a caller's tar with a request. The tar's stream is cancelled if the
 * request ends before all of it was sent.
 *
 * @param send Makes the request with this body.
 * @throws The error of the tar's stream unchanged; `fetch` would report it as a
 * broken connection.
 */
export async function sendTar<T>(
  tar: ReadableStream<Uint8Array>,
  { onBytes, signal }: TarSending,
  send: (body: ReadableStream<Uint8Array>) => Promise<T>,
): Promise<T> {
  let failure: { error: unknown } | undefined;
  const reader = tar.getReader();
  let bytes = 0;
  let isRefused = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        // The engine's answer is the reason then, and nobody takes what was read.
        if (isRefused) return;
        if (done) return controller.close();
        if (!(value instanceof Uint8Array)) {
          throw new TypeError(`The tar that is sent ${noBytes(value)}`);
        }
        bytes += value.length;
        onBytes?.(bytes);
        controller.enqueue(value);
      } catch (error) {
        failure = { error };
        throw error;
      }
    },
    cancel(reason) {
      isRefused = true;
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  try {
    return await send(body);
  } catch (error) {
    signal?.throwIfAborted();
    throw failure === undefined ? error : failure.error;
  } finally {
    // `fetch` cancels its body at some later time; this does it at once.
    reader.cancel().catch(() => {}); // it may have failed already
  }
}
