import type { Engine } from "../engine/engine.ts";
import { imageLoad, type ImageLoadResult } from "../engine/image_load.ts";
import {
  type LayerEvent,
  type TransferBytesEvent,
  transferEvent,
  type TransferStatusEvent,
} from "./event.ts";

/** How images are loaded. */
export interface ImageLoadOptions {
  /**
   * Told of the bytes that were sent so far, and of what the engine says; what
   * it throws ends the load.
   */
  readonly onProgress?: (
    event: TransferBytesEvent | LayerEvent | TransferStatusEvent,
  ) => void;
  /** Aborts the request. */
  readonly signal?: AbortSignal;
}

/**
 * Loads images from a tar, and tells how far that has come.
 *
 * @throws What the tar's stream fails with, as it is; `fetch` alone would call
 * it a broken connection.
 */
export async function loadImages(
  engine: Engine,
  tar: ReadableStream<Uint8Array>,
  options: ImageLoadOptions = {},
): Promise<ImageLoadResult> {
  const { onProgress, signal } = options;
  let failure: { error: unknown } | undefined;
  const reader = tar.getReader();
  let bytes = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        bytes += value.length;
        onProgress?.({ type: "bytes", bytes });
        controller.enqueue(value);
      } catch (error) {
        failure = { error };
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  try {
    return await imageLoad(
      engine,
      body,
      signal,
      onProgress && ((message) => {
        const event = transferEvent(message);
        if (event !== undefined) onProgress(event);
      }),
    );
  } catch (error) {
    signal?.throwIfAborted();
    throw failure === undefined ? error : failure.error;
  } finally {
    // What was not sent is given back; `fetch` lets go of a body in its own time.
    reader.cancel().catch(() => {}); // it may have failed already
  }
}
