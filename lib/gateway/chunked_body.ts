import { malformed } from "./refusal.ts";

/** A chunk's size, its own line; extensions are refused. */
const SIZE_REGEXP = /^[0-9A-Fa-f]{1,8}$/;
const MAX_SIZE_LINE = 10;

const CR = 0x0d;
const LF = 0x0a;

const NOTHING = new Uint8Array(0);

/** What stands next in a body of chunks. */
type Part = "size" | "data" | "data end" | "last end" | "nothing";

/**
 * Takes a body out of its chunks. All that came in one piece is taken at once,
 * however many chunks it has: a chunk costs a few looks, and neither a copy of
 * the rest nor a turn of the event loop.
 */
export class ChunkedBody {
  #part: Part = "size";
  #line = "";
  #sawCr = false;
  #left = 0;
  readonly #onSize: (bytes: number) => void;

  /** @param onSize Told of the size of each chunk before it is taken; what it throws ends it. */
  constructor(onSize: (bytes: number) => void) {
    this.#onSize = onSize;
  }

  /** Whether the last chunk was taken. */
  get complete(): boolean {
    return this.#part === "nothing";
  }

  /**
   * Takes the next bytes, up to the end of the body.
   *
   * @returns What is in the chunks, and how many bytes that took.
   * @throws {Refusal} If they are no chunks.
   */
  take(bytes: Uint8Array): { data: Uint8Array; length: number } {
    let data = NOTHING;
    let filled = 0;
    let at = 0;
    while (at < bytes.length && !this.complete) {
      if (this.#part !== "data") {
        this.#frame(bytes[at++]!);
        continue;
      }
      const part = bytes.subarray(at, at + this.#left);
      at += part.length;
      this.#left -= part.length;
      if (this.#left === 0) this.#part = "data end";
      if (filled === 0 && at === bytes.length) {
        return { data: part, length: at };
      }
      if (filled === 0) data = new Uint8Array(bytes.length);
      data.set(part, filled);
      filled += part.length;
    }
    return { data: data.subarray(0, filled), length: at };
  }

  /** A byte of the framing: lines that end in CR LF. */
  #frame(byte: number): void {
    if (this.#sawCr) {
      if (byte !== LF) throw malformed("a chunk does not end in CR LF");
      this.#sawCr = false;
      this.#endLine();
      return;
    }
    if (byte === CR) {
      this.#sawCr = true;
      return;
    }
    const maxLength = this.#part === "size" ? MAX_SIZE_LINE : 0;
    if (this.#line.length === maxLength || byte < 0x21 || byte > 0x7e) {
      throw malformed("the chunks of its body can't be told apart");
    }
    this.#line += String.fromCharCode(byte);
  }

  #endLine(): void {
    if (this.#part === "data end") {
      this.#part = "size";
    } else if (this.#part === "last end") {
      // Trailers would be headers that nobody has looked at.
      this.#part = "nothing";
    } else {
      if (!SIZE_REGEXP.test(this.#line)) {
        throw malformed("a chunk's size is none");
      }
      this.#left = Number.parseInt(this.#line, 16);
      this.#line = "";
      this.#part = this.#left === 0 ? "last end" : "data";
      this.#onSize(this.#left);
    }
  }
}
