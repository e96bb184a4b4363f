import { malformed } from "./refusal.ts";

/** The line with a chunk's size; chunk extensions are refused. */
const SIZE_REGEXP = /^[0-9A-Fa-f]{1,8}$/;
const MAX_SIZE_LINE = 10;

const CR = 0x0d;
const LF = 0x0a;

const NOTHING = new Uint8Array(0);

/** What comes next in a chunked body. */
type Part = "size" | "data" | "data end" | "last end" | "nothing";

/**
 * Decodes a chunked body (RFC 9112, section 7.1). Everything that came in one
 * read is decoded at once, however many chunks it has: a chunk costs a few
 * comparisons, and neither a copy of the rest nor a turn of the event loop.
 */
export class ChunkedBody {
  #part: Part = "size";
  #line = "";
  #sawCr = false;
  #left = 0;
  readonly #onSize: (bytes: number) => void;

  /**
   * @param onSize Told the size of each chunk before the chunk is read; may
   * throw to end the body.
   */
  constructor(onSize: (bytes: number) => void) {
    this.#onSize = onSize;
  }

  /** Whether the last chunk was read. */
  get complete(): boolean {
    return this.#part === "nothing";
  }

  /**
   * Decodes the next bytes, at most to the end of the body.
   *
   * @returns The contents of the chunks, and how many bytes of the input they
   * took.
   * @throws {Refusal} If the input is not a chunked body.
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

  /** One byte of the framing: its lines end in CR LF. */
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
      // Trailers are refused: they would be headers that no check has seen.
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
