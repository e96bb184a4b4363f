const encoder = new TextEncoder();
const NEWLINE = 10;
/** Below this, a loop copies faster than a view and a native copy. */
const SHORT = 48;

/** Bytes that grow at their end, to be taken as one chunk. */
export class ByteBuffer {
  #bytes: Uint8Array;
  #length = 0;

  /** Makes an empty one. */
  constructor(room: number = 1024) {
    this.#bytes = new Uint8Array(room);
  }

  /** How many bytes are in it. */
  get length(): number {
    return this.#length;
  }

  /** Adds text. */
  text(text: string): void {
    this.#room(text.length * 3);
    const rest = this.#bytes.subarray(this.#length);
    this.#length += encoder.encodeInto(text, rest).written;
  }

  /** Adds text of ASCII characters, faster. */
  ascii(text: string): void {
    this.#room(text.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  /** Adds a line end. */
  newline(): void {
    this.#room(1);
    this.#bytes[this.#length++] = NEWLINE;
  }

  /** Adds `source[from..to]`. */
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

  /** A view of what is in it, which the next change spoils. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Empties it, and keeps its room for what comes. */
  clear(): void {
    this.#length = 0;
  }

  /** Empties it, and gives its room away. */
  release(): void {
    this.#length = 0;
    this.#bytes = new Uint8Array();
  }

  /** Gives what is in it as a copy, and empties it. */
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
