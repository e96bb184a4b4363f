// @ts-types="../../std/path.d.ts"
import { join } from "@std/path/posix/join";
import { hasTarChecksum, tarField } from "../../streams/tar_block.ts";
import { paxNumber, paxRecords, tarNumber } from "../../streams/tar_numbers.ts";
import {
  HEADERS_ONLY,
  MAX_EXTENDED_BYTES,
  type TarPiece,
  TarPieces,
} from "../../streams/tar_pieces.ts";

/** The longest Dockerfile that is kept for error messages, in bytes. */
const MAX_DOCKERFILE_BYTES: number = 256 * 1024;

/**
 * Finds one file in a tar while it is sent, so that an error can show lines of
 * the Dockerfile. Reads headers of ustar and older formats, and long names and
 * sizes of GNU and PAX; other contents are skipped. Of several files with the
 * name, the last one counts: engines unpack them one over the other. Where
 * there is no `Dockerfile`, a file named `dockerfile` is used.
 */
export class DockerfileTap {
  readonly #name: string;
  /**
   * The same path with `dockerfile` in small letters, where builders look for
   * that, too.
   */
  readonly #small: string;
  /**
   * The texts found so far, by their paths; undefined where the entry is not a
   * regular file.
   */
  readonly #texts = new Map<string, string | undefined>();
  /** The path of the file whose contents are being read. */
  #path = "";
  readonly #pieces = new TarPieces((piece, bytes) => this.#take(piece, bytes));
  /** A long name and PAX records from the headers before an entry. */
  #longName: string | undefined;
  #pax: ReadonlyMap<string, string> = new Map();

  /** @param name Path of the file in the archive. */
  constructor(name: string) {
    this.#name = clean(name);
    this.#small = this.#name.replace(/(^|\/)Dockerfile$/, "$1dockerfile");
  }

  /**
   * The file's text; undefined until it has passed and it is certain that it is
   * the right one.
   */
  get text(): string | undefined {
    return this.#pieces.ended && !this.#texts.has(this.#name)
      ? this.#texts.get(this.#small)
      : this.#texts.get(this.#name);
  }

  /** Reads the next bytes of the archive. */
  push(chunk: Uint8Array): void {
    this.#pieces.push(chunk);
  }

  #take(piece: TarPiece, bytes: Uint8Array): void {
    if (piece === "header") this.#header(bytes);
    else if (piece === "file") {
      this.#texts.set(this.#path, new TextDecoder().decode(bytes));
    } else if (piece === "long name") {
      this.#longName = tarField(bytes, 0, bytes.length);
    } else this.#pax = paxRecords(bytes) ?? new Map();
  }

  #header(header: Uint8Array): void {
    const type = String.fromCharCode(header[156]!);
    const ownSize = tarNumber(header.subarray(124, 136));
    if (!hasTarChecksum(header) || ownSize === undefined) {
      this.#pieces.ended = true; // the end of the archive, or no tar
      return;
    }
    if (type === "L" || type === "x") {
      if (ownSize > MAX_EXTENDED_BYTES) this.#pieces.ended = true;
      else {this.#pieces.keep(
          type === "L" ? "long name" : "PAX records",
          ownSize,
        );}
      return;
    }
    const size = HEADERS_ONLY.includes(type)
      ? 0
      : paxNumber(this.#pax.get("size") ?? "") ?? ownSize;
    const path = this.#pathOf(header);
    if (type !== "g" && type !== "K") {
      this.#longName = undefined;
      this.#pax = new Map();
    }
    const isIt = path === this.#name || path === this.#small;
    if (!isIt || "gK".includes(type)) return this.#pieces.skip(size);
    // An earlier entry with this path no longer counts, even if this one is no
    // regular file.
    this.#texts.set(path, undefined);
    this.#path = path;
    if ("0\0".includes(type) && size <= MAX_DOCKERFILE_BYTES) {
      this.#pieces.keep("file", size);
    } else this.#pieces.skip(size);
  }

  #pathOf(header: Uint8Array): string {
    const name = tarField(header, 0, 100);
    // Only ustar has a prefix here: older formats have nothing in this field,
    // and GNU's has times.
    const prefix = tarField(header, 257, 8) === "ustar"
      ? tarField(header, 345, 155)
      : "";
    return clean(
      this.#pax.get("path") || this.#longName ||
        (prefix === "" ? name : `${prefix}/${name}`),
    );
  }
}

/** Resolves a path as engines do: `..` never leads above the context's root. */
function clean(path: string): string {
  return join("/", path);
}
