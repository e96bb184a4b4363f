/** How long a header is, and what contents are filled up to, in bytes. */
const TAR_BLOCK = 512;

/** The longest extended header that Go's reader takes, in bytes (`archive/tar`, `maxSpecialFileSize`). */
export const MAX_EXTENDED_BYTES: number = 1024 * 1024;

/** Kinds of entries that have no content, whatever their size says. */
export const HEADERS_ONLY = "123456";

/** Where a reader begins, and goes on behind each piece: with a header. */
export type TarPiece =
  | "header"
  | "file"
  | "long name"
  | "PAX records"
  | "other";

/**
 * Cuts a tar that passes by into the pieces that its reader wants: a piece is
 * kept until it is whole, what is skipped never is.
 */
export class TarPieces {
  /** Whether nothing more is wanted. */
  ended = false;
  readonly #onPiece: (piece: TarPiece, bytes: Uint8Array) => void;
  #kept: Uint8Array = new Uint8Array(TAR_BLOCK);
  #length = 0;
  #wanted = TAR_BLOCK;
  #piece: TarPiece = "header";
  #skip = 0;

  /** @param onPiece Gets each piece; the bytes are its own until it returns. A header is next, unless it says otherwise. */
  constructor(onPiece: (piece: TarPiece, bytes: Uint8Array) => void) {
    this.#onPiece = onPiece;
  }

  /**
   * Takes the next bytes.
   *
   * @returns How many of them were wanted, or skipped.
   */
  push(chunk: Uint8Array): number {
    let at = 0;
    while (!this.ended && at < chunk.length) {
      if (this.#skip > 0) {
        const part = Math.min(this.#skip, chunk.length - at);
        this.#skip -= part;
        at += part;
        continue;
      }
      const part = chunk.subarray(at, at + this.#wanted - this.#length);
      this.#kept.set(part, this.#length);
      this.#length += part.length;
      at += part.length;
      if (this.#length === this.#wanted) this.#complete();
    }
    return at;
  }

  /** Has the content of an entry kept: it is the next piece. */
  keep(piece: TarPiece, size: number): void {
    this.#piece = piece;
    this.#length = 0;
    this.#wanted = size;
    if (this.#kept.length < size) this.#kept = new Uint8Array(size);
    if (size === 0) this.#complete();
  }

  /** Has the content of an entry passed over. */
  skip(size: number): void {
    this.#skip = size + padding(size);
  }

  #complete(): void {
    const piece = this.#piece;
    const bytes = this.#kept.subarray(0, this.#wanted);
    if (piece !== "header") this.#skip = padding(bytes.length);
    this.#piece = "header";
    this.#length = 0;
    this.#wanted = TAR_BLOCK;
    this.#onPiece(piece, bytes);
  }
}

function padding(size: number): number {
  return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}
