import type { TransferBytesEvent } from "./event.ts";

/**
 * The same stream with backpressure; calls `onProgress` before each chunk is
 * passed on.
 */
export function countBytes(
  stream: ReadableStream<Uint8Array>,
  onProgress: (event: TransferBytesEvent) => void,
): ReadableStream<Uint8Array> {
  let bytes = 0;
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>(
      {
        transform(chunk, controller) {
          bytes += chunk.length;
          onProgress({ type: "bytes", bytes });
          controller.enqueue(chunk);
        },
      },
      { highWaterMark: 1 },
      { highWaterMark: 0 },
    ),
  );
}
