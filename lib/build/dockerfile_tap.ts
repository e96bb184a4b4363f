import { tarField } from "../streams/tar_block.ts";

const BLOCK = 512;

/** The longest Dockerfile that is kept for error messages, in bytes. */
const MAX_DOCKERFILE_BYTES: number = 256 * 1024;

/**
 * Looks for one file in a tar that passes by, so that an error can show its
 * lines. It reads headers only, skips contents, gives up on what is no plain
 * tar (a compressed one, a name in an extended header), and costs nothing
 * once the file is found.
 */
export class DockerfileTap {
  /** The file's text, once it has passed. */
  text: string | undefined;
  readonly #name: string;
  /** Bytes of the current header or file so far. */
  #kept: Uint8Array = new Uint8Array(BLOCK);
  #length = 0;
  /** How many bytes to keep; then what they are. */
  #wanted = BLOCK;
  #inFile = false;
  #skip = 0;
  #over = false;

  /** @param name Path of the file in the archive. */
  constructor(name: string) {
    this.#name = clean(name);
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
    if (this.#inFile) {
      this.text = new TextDecoder().decode(
        this.#kept.subarray(0, this.#wanted),
      );
      this.#over = true;
      return;
    }
    const header = this.#kept;
    const size = parseInt(tarField(header, 124, 12).trim(), 8);
    if (tarField(header, 257, 5) !== "ustar" || !Number.isFinite(size)) {
      this.#over = true; // the end of the archive, or none
      return;
    }
    const prefix = tarField(header, 345, 155);
    const name = tarField(header, 0, 100);
    const type = tarField(header, 156, 1);
    const path = clean(prefix === "" ? name : `${prefix}/${name}`);
    this.#length = 0;
    if ((type === "0" || type === "") && path === this.#name) {
      if (size > MAX_DOCKERFILE_BYTES) {
        this.#over = true;
        return;
      }
      this.#inFile = true;
      this.#wanted = size;
      this.#kept = new Uint8Array(size);
      if (size === 0) this.#complete();
      return;
    }
    this.#skip = Math.ceil(size / BLOCK) * BLOCK;
  }
}

function clean(path: string): string {
  return path.replace(/^(\.?\/)+/, "");
}
