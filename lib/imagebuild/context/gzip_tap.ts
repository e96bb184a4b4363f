import { constants, createGunzip } from "node:zlib";

/** How much is unpacked for an error's sake, in bytes: a fraction of a second's work. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;
/** Bytes that one step unpacks at the most. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Unpacks the beginning of a gzip stream that passes by. What can't be unpacked
 * is left to the engine, which unpacks it itself, and says so. By node:zlib,
 * because a `DecompressionStream` takes no second member, as engines do, and
 * unpacks a whole piece at once, however much it makes.
 */
export class GzipTap {
  readonly #gunzip = createGunzip({
    chunkSize: CHUNK_BYTES,
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  readonly #closed: Promise<void>;

  /** @param take Takes what was packed. */
  constructor(take: (bytes: Uint8Array) => void) {
    let left = MAX_UNPACKED_BYTES;
    this.#gunzip.on("data", (bytes: Uint8Array) => {
      if (left <= 0) return;
      take(bytes);
      left -= bytes.length;
      if (left <= 0) this.stop();
    });
    this.#closed = new Promise((resolve) => {
      this.#gunzip.on("close", resolve);
      // Damaged: the engine will tell.
      this.#gunzip.on("error", () => resolve());
    });
  }

  /** Takes the next packed bytes; resolves when they are unpacked. */
  async push(chunk: Uint8Array): Promise<void> {
    if (this.#gunzip.destroyed) return;
    const written = new Promise<void>((resolve) => {
      this.#gunzip.write(chunk, () => resolve());
    });
    await Promise.race([written, this.#closed]);
  }

  /** Nothing comes any more: resolves when all was looked at. */
  async end(): Promise<void> {
    if (!this.#gunzip.destroyed) this.#gunzip.end();
    await this.#closed;
  }

  /** Gives up; behind its end, nothing. */
  stop(): void {
    this.#gunzip.destroy();
  }
}
