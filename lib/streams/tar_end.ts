import { hasTarChecksum, tarField } from "./tar_block.ts";
import { paxNumber, paxRecords, tarNumber } from "./tar_numbers.ts";

const BLOCK = 512;

/** The longest extended header that Go's reader takes, in bytes (`archive/tar`, `maxSpecialFileSize`). */
const MAX_EXTENDED_BYTES = 1024 * 1024;

/** Kinds of entries that have no content, whatever their size says. */
const HEADERS_ONLY = "123456";

/**
 * Finds where a tar ends as it passes by, as Go's `archive/tar` reads it, which
 * is what engines have: behind two blocks of zeros, and behind a header that is
 * none. Where readers differ (holes of GNU's, a folder by a slash alone that has
 * a size) it ends as well: what is cut there is refused by the engine.
 *
 * It keeps a header, and never an entry's content.
 */
export class TarEnd {
  #ended = false;
  /** The block or extended header at hand. */
  #kept: Uint8Array = new Uint8Array(BLOCK);
  #length = 0;
  #wanted = BLOCK;
  /** The type of the extended header whose text is read. */
  #extended = "";
  #skip = 0;
  #sawZeros = false;
  /** From the headers before an entry. */
  #paxSize: string | undefined;
  #paxPath = "";
  #longName = "";

  /** Whether the end has passed. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Takes the next bytes.
   *
   * @returns How many of them belong to the tar.
   */
  push(chunk: Uint8Array): number {
    let at = 0;
    while (!this.#ended && at < chunk.length) {
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

  #complete(): void {
    const bytes = this.#kept.subarray(0, this.#wanted);
    const type = this.#extended;
    if (type === "") return this.#header(bytes);
    this.#skip = padding(bytes.length);
    this.#expect(BLOCK, "");
    if (type === "L") this.#longName = tarField(bytes, 0, bytes.length);
    if (type !== "x") return;
    const records = paxRecords(bytes);
    if (records === undefined) this.#ended = true;
    this.#paxSize = records?.get("size");
    this.#paxPath = records?.get("path") ?? "";
  }

  #header(header: Uint8Array): void {
    this.#expect(BLOCK, "");
    if (header.every((byte) => byte === 0)) {
      this.#ended = this.#sawZeros;
      this.#sawZeros = true;
      return;
    }
    const type = String.fromCharCode(header[156]!);
    const size = tarNumber(header.subarray(124, 136));
    if (this.#sawZeros || !hasTarChecksum(header) || size === undefined) {
      this.#ended = true;
    } else if ("xgLK".includes(type)) {
      this.#ended = size > MAX_EXTENDED_BYTES;
      if (this.#ended) return;
      if (type === "g") this.#forget();
      this.#expect(size, type);
      if (size === 0) this.#complete();
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
      tarField(header, 0, 100) || tarField(header, 345, 155) + "/",
    ];
    const isDifferent = type === "S" ||
      (type === "\0" && size !== 0 && names.some((name) => name.endsWith("/")));
    if (size === undefined || isDifferent) this.#ended = true;
    else this.#skip = size + padding(size);
  }

  #forget(): void {
    this.#paxSize = undefined;
    this.#paxPath = "";
    this.#longName = "";
  }

  #expect(length: number, extended: string): void {
    this.#length = 0;
    this.#wanted = length;
    this.#extended = extended;
    if (this.#kept.length < length) this.#kept = new Uint8Array(length);
  }
}

function padding(size: number): number {
  return (BLOCK - size % BLOCK) % BLOCK;
}
