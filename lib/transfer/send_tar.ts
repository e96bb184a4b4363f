import { noBytes } from "../streams/byte_source.ts";

/** A caller's tar on its way to the engine. */
export interface TarSending {
  /** Told of the bytes that were sent so far; what it throws ends the request. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a caller's tar with a request, and gives back what was not sent of it,
 * however the request ends.
 *
 * @param send Makes the request with this body.
 * @throws What the tar's stream fails with, as it is; `fetch` alone would call
 * it a broken connection.
 */
export async function sendTar<T>(
  tar: ReadableStream<Uint8Array>,
  { onBytes, signal }: TarSending,
  send: (body: ReadableStream<Uint8Array>) => Promise<T>,
): Promise<T> {
  let failure: { error: unknown } | undefined;
  const reader = tar.getReader();
  let bytes = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
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
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  try {
    return await send(body);
  } catch (error) {
    signal?.throwIfAborted();
    throw failure === undefined ? error : failure.error;
  } finally {
    // `fetch` lets go of a body in its own time.
    reader.cancel().catch(() => {}); // it may have failed already
  }
}
