const encoder = new TextEncoder();
const NEWLINE = 10;
/**
 * Shorter pieces are copied in a loop, which is faster there than a view and a
 * native copy. In bytes.
 */
const SHORT = 48;

/** A buffer to which bytes are appended until they are taken as one chunk. */
export class ByteBuffer {
  #bytes: Uint8Array = new Uint8Array();
  #length = 0;

  /** How many bytes are in it. */
  get length(): number {
    return this.#length;
  }

  /** Appends text, as UTF-8. */
  text(text: string): void {
    this.#room(text.length * 3);
    const rest = this.#bytes.subarray(this.#length);
    this.#length += encoder.encodeInto(text, rest).written;
  }

  /** Appends text of ASCII characters only; faster than `text`. */
  ascii(text: string): void {
    this.#room(text.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  /** Appends a line end. */
  newline(): void {
    this.#room(1);
    this.#bytes[this.#length++] = NEWLINE;
  }

  /** Appends `source[from..to]`. */
  bytes(source: Uint8Array, from = 0, to: number = source.length): void {
    const size = to - from;
    this.#room(size);
    if (size > SHORT) {
      this.#bytes.set(source.subarray(from, to), this.#length);
      this.#length += size;
      return;
    }
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = from; i < to; i++) bytes[at++] = source[i]!;
    this.#length = at;
  }

  /**
   * The content as a view, which is valid until the next change of the buffer.
   */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Empties the buffer and keeps its memory for further use. */
  clear(): void {
    this.#length = 0;
  }

  /** Empties the buffer and frees its memory. */
  release(): void {
    this.#length = 0;
    this.#bytes = new Uint8Array();
  }

  /** Returns a copy of the content, and empties the buffer. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.clear();
    return taken;
  }

  #room(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.view());
    this.#bytes = grown;
  }
}
