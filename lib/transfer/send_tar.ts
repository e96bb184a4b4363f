import { noBytes } from "../streams/byte_source.ts";
import { passOn } from "../streams/pass_on.ts";

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
  let bytes = 0;
  // If the engine takes no more of it, its answer is the reason.
  const passed = passOn(tar.getReader(), {
    onPiece(piece) {
      if (!(piece instanceof Uint8Array)) {
        throw new TypeError(`The tar that is sent ${noBytes(piece)}`);
      }
      bytes += piece.length;
      onBytes?.(bytes);
    },
    onFailure(error) {
      failure = { error };
      return error;
    },
  });
  try {
    return await send(passed.stream);
  } catch (error) {
    signal?.throwIfAborted();
    throw failure === undefined ? error : failure.error;
  } finally {
    // `fetch` cancels its body at some later time; this does it at once.
    passed.giveUp();
  }
}
