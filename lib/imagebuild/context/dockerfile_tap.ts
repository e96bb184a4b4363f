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
 * Looks for one file in a tar that passes by, so that an error can show its
 * lines: ustar, what was before it, GNU's and PAX's long names and sizes. It
 * reads headers and skips contents. Of several files of the name the last one
 * counts, as it does for an engine, which unpacks them one over the other. Where
 * there is no `Dockerfile`, a `dockerfile` is it.
 */
export class DockerfileTap {
  readonly #name: string;
  /** The same in small letters, where that may be it, too. */
  readonly #small: string;
  /** What was found so far, by its path; undefined where it is no file. */
  readonly #texts = new Map<string, string | undefined>();
  /** The path of the file that is read. */
  #path = "";
  readonly #pieces = new TarPieces((piece, bytes) => this.#take(piece, bytes));
  /** From the headers before an entry. */
  #longName: string | undefined;
  #pax: ReadonlyMap<string, string> = new Map();

  /** @param name Path of the file in the archive. */
  constructor(name: string) {
    this.#name = clean(name);
    this.#small = this.#name.replace(/(^|\/)Dockerfile$/, "$1dockerfile");
  }

  /** The file's text, once it has passed, and it is certain which one it is. */
  get text(): string | undefined {
    return this.#pieces.ended && !this.#texts.has(this.#name)
      ? this.#texts.get(this.#small)
      : this.#texts.get(this.#name);
  }

  /** Takes the next bytes of the archive. */
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
      this.#pieces.ended = true; // the end of the archive, or none
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
    // What takes its place is another one, or no file at all.
    this.#texts.set(path, undefined);
    this.#path = path;
    if ("0\0".includes(type) && size <= MAX_DOCKERFILE_BYTES) {
      this.#pieces.keep("file", size);
    } else this.#pieces.skip(size);
  }

  #pathOf(header: Uint8Array): string {
    const name = tarField(header, 0, 100);
    // Before POSIX there was none, and GNU has times there.
    const prefix = tarField(header, 257, 8) === "ustar"
      ? tarField(header, 345, 155)
      : "";
    return clean(
      this.#pax.get("path") || this.#longName ||
        (prefix === "" ? name : `${prefix}/${name}`),
    );
  }
}

/** As an engine resolves it: below the context's root, whatever `..` it has. */
function clean(path: string): string {
  return join("/", path);
}
