import { checkOptionNames } from "../option_names.ts";
import type { Engine } from "../engine/engine.ts";
import { imageLoad, type ImageLoadResult } from "../engine/image_load.ts";
import type { JsonMessage } from "../engine/message.ts";
import {
  type LayerEvent,
  type TransferBytesEvent,
  transferEvent,
  type TransferStatusEvent,
} from "./event.ts";
import { sendTar } from "./send_tar.ts";

/** Options for loading images. */
export interface ImageLoadOptions {
  /**
   * Called with the number of bytes that were sent so far, and with the
   * engine's progress. If it throws, the load ends.
   */
  readonly onProgress?:
    | ((
      event: TransferBytesEvent | LayerEvent | TransferStatusEvent,
    ) => void)
    | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  onProgress: true,
  signal: true,
} satisfies Record<keyof ImageLoadOptions, true>;

/** Loads images from a tar, and reports progress. */
export async function loadImages(
  engine: Engine,
  tar: ReadableStream<Uint8Array>,
  options: ImageLoadOptions = {},
): Promise<ImageLoadResult> {
  checkOptionNames("load", options, OPTIONS);
  const { onProgress, signal } = options;
  const onBytes = onProgress &&
    ((bytes: number) => onProgress({ type: "bytes", bytes }));
  const onMessage = onProgress && ((message: JsonMessage) => {
    const event = transferEvent(message);
    if (event !== undefined) onProgress(event);
  });
  return await sendTar(
    tar,
    { onBytes, signal },
    (body) => imageLoad(engine, body, signal, onMessage),
  );
}
