import { checkOptionNames } from "../option_names.ts";
import type { Engine } from "../engine/engine.ts";
import { imageSave } from "../engine/image_save.ts";
import type { TransferBytesEvent } from "./event.ts";
import { countBytes } from "./count_bytes.ts";

/** Options for saving images. */
export interface ImageSaveOptions {
  /**
   * Called with the number of bytes that were read so far. If it throws, the
   * stream fails.
   */
  readonly onProgress?: ((event: TransferBytesEvent) => void) | undefined;
  /** Aborts the request, and the stream. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  onProgress: true,
  signal: true,
} satisfies Record<keyof ImageSaveOptions, true>;

/** Saves images as one tar, and reports how much of it was read. */
export async function saveImages(
  engine: Engine,
  names: string | readonly string[],
  options: ImageSaveOptions = {},
): Promise<ReadableStream<Uint8Array>> {
  checkOptionNames("save", options, OPTIONS);
  const tar = await imageSave(engine, names, options.signal);
  return options.onProgress === undefined
    ? tar
    : countBytes(tar, options.onProgress);
}
