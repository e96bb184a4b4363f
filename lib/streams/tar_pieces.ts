/** Length of a header, in bytes; contents are padded to a multiple of it. */
const TAR_BLOCK = 512;

/** The longest extended header that Go's reader takes, in bytes (`archive/tar`, `maxSpecialFileSize`). */
export const MAX_EXTENDED_BYTES: number = 1024 * 1024;

/** Types of entries that have no content, even if their header has a size. */
export const HEADERS_ONLY = "123456";

/**
 * The kinds of pieces. A tar begins with a header, and a header follows each
 * piece.
 */
export type TarPiece =
  | "header"
  | "file"
  | "long name"
  | "PAX records"
  | "other";

/**
 * Splits a tar that passes through into the pieces that its reader needs. A
 * piece is kept in memory until it is complete; bytes that are skipped are not
 * kept.
 */
export class TarPieces {
  /** Whether the reader needs nothing more; set by the reader. */
  ended = false;
  readonly #onPiece: (piece: TarPiece, bytes: Uint8Array) => void;
  #kept: Uint8Array = new Uint8Array(TAR_BLOCK);
  #length = 0;
  #wanted = TAR_BLOCK;
  #piece: TarPiece = "header";
  #skip = 0;

  /**
   * @param onPiece Called with each piece; the bytes are valid until it
   * returns. The next piece is a header, unless it calls {@linkcode keep} or
   * {@linkcode skip}.
   */
  constructor(onPiece: (piece: TarPiece, bytes: Uint8Array) => void) {
    this.#onPiece = onPiece;
  }

  /**
   * Takes the next bytes.
   *
   * @returns How many of them were used, skipped ones included.
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

  /** Keeps the content of an entry, which becomes the next piece. */
  keep(piece: TarPiece, size: number): void {
    this.#piece = piece;
    this.#length = 0;
    this.#wanted = size;
    if (this.#kept.length < size) this.#kept = new Uint8Array(size);
    if (size === 0) this.#complete();
  }

  /** Skips the content of an entry. */
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
