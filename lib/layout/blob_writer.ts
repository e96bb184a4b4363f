import { createHash, type Hash } from "node:crypto";
import { setMode } from "../exporter/mode.ts";
import {
  type ContentExpectation,
  ContentMismatchError,
  type ContentWriter,
} from "./content_store.ts";
import type { Digest } from "./digest.ts";
import { layoutError } from "./layout_error.ts";

/** The permissions that a blob keeps of a new file's: nobody writes it again. */
const READ_ONLY = 0o444;

/** Where a blob is written, and where it belongs. */
export interface BlobPlace {
  /** The layout, as the caller named it. */
  readonly layout: string;
  /** The hash function of the blob's digest. */
  readonly algorithm: string;
  /** Path of a file that does not exist, in a private folder. */
  readonly aside: () => string;
  /** Path of the blob; the folder above it is made. */
  readonly final: (digest: Digest) => string;
  /** Called when nothing is left aside. */
  readonly onEnd: () => void;
}

/**
 * A blob that is written aside, and moved to its place when it is whole and has
 * its digest.
 */
export class BlobWriter implements ContentWriter {
  readonly #place: BlobPlace;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #hash: Hash;
  #offset = 0;
  #isOpen = true;

  /**
   * Makes the file.
   *
   * @throws {LayoutError} If it can't be made.
   */
  constructor(place: BlobPlace) {
    this.#place = place;
    this.#hash = createHash(place.algorithm);
    try {
      this.#path = place.aside();
      this.#file = Deno.openSync(this.#path, { write: true, createNew: true });
    } catch (cause) {
      throw this.#unwritable(cause);
    }
  }

  get offset(): number {
    return this.#offset;
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        at += await this.#file.write(bytes.subarray(at));
      }
    } catch (cause) {
      throw this.#unwritable(cause);
    }
    this.#hash.update(bytes);
    this.#offset += bytes.length;
  }

  async restart(): Promise<void> {
    try {
      await this.#file.truncate(0);
      await this.#file.seek(0, Deno.SeekMode.Start);
    } catch (cause) {
      throw this.#unwritable(cause);
    }
    this.#hash = createHash(this.#place.algorithm);
    this.#offset = 0;
  }

  async commit({ digest, size }: ContentExpectation): Promise<string> {
    const { algorithm, final, onEnd } = this.#place;
    if (size !== undefined && size !== this.#offset) {
      throw new ContentMismatchError(
        `${size} bytes were announced, and ${this.#offset} came`,
      );
    }
    const hex = this.#hash.copy().digest("hex");
    const own = `${algorithm}:${hex}`;
    if (digest !== undefined && digest !== own) {
      throw new ContentMismatchError(
        `${digest} was announced, and what came is ${own}`,
      );
    }
    try {
      // A crash must not leave a blob in its place whose bytes are not there.
      await this.#file.syncData();
      const { mode } = await this.#file.stat();
      if (mode !== null) setMode(this.#path, mode & READ_ONLY);
      this.#close();
      await Deno.rename(this.#path, final({ algorithm, hex }));
    } catch (cause) {
      throw this.#unwritable(cause);
    }
    onEnd();
    return own;
  }

  /** Drops what was not committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await Deno.remove(this.#path).catch(() => {}); // committed, or removed with all
    this.#place.onEnd();
  }

  #close(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }

  #unwritable(cause: unknown): Error {
    return layoutError(this.#place.layout, "write", "a blob", cause);
  }
}
