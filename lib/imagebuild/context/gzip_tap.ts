import { constants, createGunzip } from "node:zlib";

/**
 * How many bytes are decompressed at most: this only serves error messages, and
 * must cost no more than a fraction of a second.
 */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;
/** How many bytes one step decompresses at most. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Decompresses the beginning of a gzip stream while it is sent. Errors are left
 * to the engine, which decompresses the stream itself and reports them.
 * node:zlib is used because a `DecompressionStream` stops at the end of the
 * first gzip member, while engines go on, and because it decompresses a whole
 * chunk at once, however large the result is.
 */
export class GzipTap {
  readonly #gunzip = createGunzip({
    chunkSize: CHUNK_BYTES,
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  readonly #closed: Promise<void>;

  /** @param take Receives the decompressed bytes. */
  constructor(take: (bytes: Uint8Array) => void) {
    let left = MAX_UNPACKED_BYTES;
    this.#gunzip.on("data", (bytes: Uint8Array) => {
      take(bytes);
      left -= bytes.length;
      if (left <= 0) this.stop();
    });
    this.#closed = new Promise((resolve) => {
      this.#gunzip.on("close", resolve);
      // The stream is damaged: the engine will report it.
      this.#gunzip.on("error", () => resolve());
    });
  }

  /** Reads the next compressed bytes; resolves when they are decompressed. */
  async push(chunk: Uint8Array): Promise<void> {
    const written = new Promise<void>((resolve) => {
      this.#gunzip.write(chunk, () => resolve());
    });
    await Promise.race([written, this.#closed]);
  }

  /** Called after the last bytes. Resolves when everything was read. */
  async end(): Promise<void> {
    if (!this.#gunzip.destroyed) this.#gunzip.end();
    await this.#closed;
  }

  /** Stops reading; does nothing after the end. */
  stop(): void {
    this.#gunzip.destroy();
  }
}
