import { OpenFile } from "../open_file.ts";
import type { ContentReader } from "./content_store.ts";
import { layoutError } from "./layout_error.ts";

/** A file of a layout that is read, at any place in it. */
export class BlobReader implements ContentReader {
  readonly #layout: string;
  readonly #what: string;
  readonly #file: OpenFile;
  readonly size: number;

  /**
   * Opens a file. A link is not followed.
   *
   * @param path Where it is.
   * @param layout The layout, as the caller named it.
   * @param what What it is, for errors.
   * @throws {Error} As the system does, with its code.
   * @throws {LayoutError} If it is no regular file.
   */
  constructor(path: string, layout: string, what: string) {
    this.#layout = layout;
    this.#what = what;
    this.#file = new OpenFile(path, "refuse");
    const { info } = this.#file;
    this.size = info.size;
    if (info.isFile()) return;
    this.#file[Symbol.dispose]();
    throw layoutError(layout, "read", `${what}: it is no regular file`);
  }

  /** When the file was written. */
  get modified(): Date {
    return this.#file.info.mtime;
  }

  async read(
    buffer: Uint8Array<ArrayBuffer>,
    position: number,
  ): Promise<number> {
    try {
      return await this.#file.read(buffer, position);
    } catch (cause) {
      throw layoutError(this.#layout, "read", this.#what, cause);
    }
  }

  /** Closes the file. No read may be running. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/**
 * Reads a small file whole, as text.
 *
 * @throws {LayoutError} If it has more than `maxBytes`, or can't be read.
 */
export async function readText(
  reader: BlobReader,
  maxBytes: number,
  tooLarge: () => Error,
): Promise<string> {
  if (reader.size > maxBytes) throw tooLarge();
  const bytes = new Uint8Array(reader.size);
  let at = 0;
  while (at < bytes.length) {
    const count = await reader.read(bytes.subarray(at), at);
    if (count === 0) break;
    at += count;
  }
  return new TextDecoder().decode(bytes.subarray(0, at));
}
