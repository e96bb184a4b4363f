// @ts-types="../std/path.d.ts"
import { join } from "@std/path/posix/join";
import { hasTarChecksum, tarField } from "../streams/tar_block.ts";
import { paxNumber, paxRecords, tarNumber } from "../streams/tar_numbers.ts";

const BLOCK = 512;

/** The longest Dockerfile that is kept for error messages, in bytes. */
const MAX_DOCKERFILE_BYTES: number = 256 * 1024;
/** The longest extended header that Go's reader takes, in bytes. */
const MAX_EXTENDED_BYTES = 1024 * 1024;
/** Kinds of entries that have no content, whatever their size says. */
const HEADERS_ONLY = "123456";

/** What the next bytes are. */
type Reading = "header" | "file" | "long name" | "PAX records";

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
  /** Bytes of the current header or file so far. */
  #kept: Uint8Array = new Uint8Array(BLOCK);
  #length = 0;
  /** How many bytes to keep; then what they are. */
  #wanted = BLOCK;
  #reading: Reading = "header";
  #skip = 0;
  #over = false;
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
    return this.#over && !this.#texts.has(this.#name)
      ? this.#texts.get(this.#small)
      : this.#texts.get(this.#name);
  }

  /** Takes the next bytes of the archive. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (!this.#over && at < chunk.length) {
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
  }

  #complete(): void {
    const bytes = this.#kept.subarray(0, this.#wanted);
    const reading = this.#reading;
    if (reading === "header") return this.#header(bytes);
    this.#expect("header", BLOCK);
    this.#skip = padding(bytes.length);
    if (reading === "file") {
      this.#texts.set(this.#path, new TextDecoder().decode(bytes));
    } else if (reading === "long name") {
      this.#longName = tarField(bytes, 0, bytes.length);
    } else this.#pax = paxRecords(bytes) ?? new Map();
  }

  #header(header: Uint8Array): void {
    this.#expect("header", BLOCK);
    const type = String.fromCharCode(header[156]!);
    const ownSize = tarNumber(header.subarray(124, 136));
    if (!hasTarChecksum(header) || ownSize === undefined) {
      this.#over = true; // the end of the archive, or none
      return;
    }
    if (type === "L" || type === "x") {
      if (ownSize > MAX_EXTENDED_BYTES) this.#over = true;
      else this.#expect(type === "L" ? "long name" : "PAX records", ownSize);
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
    this.#skip = size + padding(size);
    const isIt = path === this.#name || path === this.#small;
    if (!isIt || "gK".includes(type)) return;
    // What takes its place is another one, or no file at all.
    this.#texts.set(path, undefined);
    this.#path = path;
    if ("0\0".includes(type) && size <= MAX_DOCKERFILE_BYTES) {
      this.#skip = 0;
      this.#expect("file", size);
    }
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

  #expect(reading: Reading, length: number): void {
    this.#reading = reading;
    this.#length = 0;
    this.#wanted = length;
    if (this.#kept.length < length) this.#kept = new Uint8Array(length);
    if (length === 0) this.#complete();
  }
}

function padding(size: number): number {
  return (BLOCK - size % BLOCK) % BLOCK;
}

/** As an engine resolves it: below the context's root, whatever `..` it has. */
function clean(path: string): string {
  return join("/", path);
}
