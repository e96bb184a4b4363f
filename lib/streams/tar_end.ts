import { hasTarChecksum, tarField } from "./tar_block.ts";
import { paxNumber, paxRecords, tarNumber } from "./tar_numbers.ts";
import {
  HEADERS_ONLY,
  MAX_EXTENDED_BYTES,
  type TarPiece,
  TarPieces,
} from "./tar_pieces.ts";

/**
 * Finds the end of a tar while its bytes pass through. The end is where Go's
 * `archive/tar`, which engines use, stops reading: after two blocks of zeros,
 * or at a header that is not valid. It is also at entries that readers
 * understand differently (GNU's sparse files; a folder with a size that is
 * marked only by the slash at its name's end): what comes after them is not
 * passed on, and the engine refuses the tar.
 *
 * Only headers are kept in memory, never an entry's content.
 */
export class TarEnd {
  readonly #pieces = new TarPieces((piece, bytes) => this.#take(piece, bytes));
  #sawZeros = false;
  /** Fields for the next entry, from the extended headers before it. */
  #paxSize: string | undefined;
  #paxPath = "";
  #longName = "";

  /** Whether the end was found. */
  get ended(): boolean {
    return this.#pieces.ended;
  }

  /**
   * Takes the next bytes.
   *
   * @returns How many of them belong to the tar.
   */
  push(chunk: Uint8Array): number {
    return this.#pieces.push(chunk);
  }

  #take(piece: TarPiece, bytes: Uint8Array): void {
    if (piece === "header") return this.#header(bytes);
    if (piece === "long name") {
      this.#longName = tarField(bytes, 0, bytes.length);
    }
    if (piece !== "PAX records") return;
    const records = paxRecords(bytes);
    if (records === undefined) this.#end();
    this.#paxSize = records?.get("size");
    this.#paxPath = records?.get("path") ?? "";
  }

  #header(header: Uint8Array): void {
    if (header.every((byte) => byte === 0)) {
      if (this.#sawZeros) this.#end();
      this.#sawZeros = true;
      return;
    }
    const type = String.fromCharCode(header[156]!);
    const size = tarNumber(header.subarray(124, 136));
    if (this.#sawZeros || !hasTarChecksum(header) || size === undefined) {
      this.#end();
    } else if ("xgLK".includes(type)) {
      if (size > MAX_EXTENDED_BYTES) return this.#end();
      if (type === "g") this.#forget();
      this.#pieces.keep(
        type === "L" ? "long name" : type === "x" ? "PAX records" : "other",
        size,
      );
    } else {
      this.#entry(header, type, size);
      this.#forget();
    }
  }

  #entry(header: Uint8Array, type: string, ownSize: number): void {
    const size = HEADERS_ONLY.includes(type)
      ? 0
      : (this.#paxSize ?? "") === ""
      ? ownSize
      : paxNumber(this.#paxSize!);
    const names = [
      this.#longName,
      this.#paxPath,
      tarField(header, 0, 100) || "/", // what has no name is a folder
    ];
    const isDifferent = type === "S" ||
      (type === "\0" && size !== 0 && names.some((name) => name.endsWith("/")));
    if (size === undefined || isDifferent) this.#end();
    else this.#pieces.skip(size);
  }

  #forget(): void {
    this.#paxSize = undefined;
    this.#paxPath = "";
    this.#longName = "";
  }

  #end(): void {
    this.#pieces.ended = true;
  }
}
