import { malformed } from "./refusal.ts";

/** The most digits of a chunk's size. */
const MAX_DIGITS = 8;
const MAX_SIZE_LINE = 10;

/** A chunk of fewer bytes is copied byte by byte, which costs less than a view. */
const SMALL_CHUNK = 32;

const CR = 0x0d;
const LF = 0x0a;

const NOTHING = new Uint8Array(0);

/** What comes next in a chunked body. */
type Part = "size" | "data" | "data end" | "last end" | "nothing";

/**
 * Decodes a chunked body (RFC 9112, section 7.1). Everything that came in one
 * read is decoded at once, however many chunks it has: a chunk costs a few
 * comparisons, and neither a copy of the rest nor a turn of the event loop. While
 * it is decoded nobody else is served, so small chunks make no texts and views.
 */
export class ChunkedBody {
  #part: Part = "size";
  /** How many bytes of a line were read. */
  #lineLength = 0;
  /** The number that they are, if they are hexadecimal digits alone. */
  #size = 0;
  #isNumber = true;
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
      const begin = at;
      at = Math.min(begin + this.#left, bytes.length);
      this.#left -= at - begin;
      if (this.#left === 0) this.#part = "data end";
      if (filled === 0 && at === bytes.length) {
        return { data: bytes.subarray(begin, at), length: at };
      }
      if (filled === 0) data = new Uint8Array(bytes.length - begin);
      if (at - begin >= SMALL_CHUNK) {
        data.set(bytes.subarray(begin, at), filled);
      } else {
        for (let from = begin; from < at; from++) {
          data[filled + from - begin] = bytes[from]!;
        }
      }
      filled += at - begin;
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
    if (this.#lineLength === maxLength || byte < 0x21 || byte > 0x7e) {
      throw malformed("the chunks of its body can't be told apart");
    }
    this.#lineLength++;
    const digit = digitOf(byte);
    if (digit === undefined) this.#isNumber = false;
    else this.#size = this.#size * 16 + digit;
  }

  #endLine(): void {
    if (this.#part === "data end") {
      this.#part = "size";
    } else if (this.#part === "last end") {
      // Trailers are refused: they would be headers that no check has seen.
      this.#part = "nothing";
    } else {
      // Chunk extensions are refused with what else is no number.
      const isSize = this.#isNumber && this.#lineLength > 0 &&
        this.#lineLength <= MAX_DIGITS;
      if (!isSize) throw malformed("a chunk's size is none");
      this.#left = this.#size;
      this.#size = 0;
      this.#lineLength = 0;
      this.#part = this.#left === 0 ? "last end" : "data";
      this.#onSize(this.#left);
    }
  }
}

/** The value of a hexadecimal digit; undefined for another character. */
function digitOf(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20; // in lower case
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}
