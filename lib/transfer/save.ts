import { checkOptionNames } from "../option_names.ts";
import type { Engine } from "../engine/engine.ts";
import { imageSave } from "../engine/image_save.ts";
import type { TransferBytesEvent } from "./event.ts";
import { countBytes } from "./count_bytes.ts";

/** How images are saved. */
export interface ImageSaveOptions {
  /** Told of the bytes that were read so far; what it throws ends the stream. */
  readonly onProgress?: ((event: TransferBytesEvent) => void) | undefined;
  /** Aborts the request, and the stream. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  onProgress: true,
  signal: true,
} satisfies Record<keyof ImageSaveOptions, true>;

/** Saves images as one tar, and tells how much of it was read. */
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
