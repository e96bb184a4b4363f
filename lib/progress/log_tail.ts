/** Initial capacity in bytes; most steps print little. */
const FIRST_ROOM = 512;

const decoder = new TextDecoder();

/** The last bytes of a log, in a ring buffer of limited size. */
export class LogTail {
  readonly #maxBytes: number;
  #ring = new Uint8Array();
  /** Index at which the next byte is written. */
  #next = 0;
  #size = 0;
  #length = 0;

  /** @param maxBytes How many bytes are kept at the most; may be 0. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many bytes were pushed in all, those that are not kept included. */
  get length(): number {
    return this.#length;
  }

  /** Appends output; the bytes are copied. */
  push(bytes: Uint8Array): void {
    this.#length += bytes.length;
    bytes = bytes.subarray(Math.max(0, bytes.length - this.#maxBytes));
    if (this.#size + bytes.length > this.#ring.length) this.#grow(bytes.length);
    const ring = this.#ring;
    const first = Math.min(bytes.length, ring.length - this.#next);
    if (first === bytes.length) ring.set(bytes, this.#next);
    else {
      ring.set(bytes.subarray(0, first), this.#next);
      ring.set(bytes.subarray(first), 0);
    }
    this.#next += bytes.length;
    if (this.#next >= ring.length) this.#next -= ring.length;
    this.#size = Math.min(this.#size + bytes.length, ring.length);
  }

  /** The kept bytes in their order, or only the last `maxBytes` of them. */
  bytes(maxBytes: number = this.#size): Uint8Array {
    const size = Math.min(this.#size, maxBytes);
    const bytes = new Uint8Array(size);
    const start = this.#next - size;
    if (start >= 0) bytes.set(this.#ring.subarray(start, this.#next));
    else {
      bytes.set(this.#ring.subarray(this.#ring.length + start));
      bytes.set(this.#ring.subarray(0, this.#next), -start);
    }
    return bytes;
  }

  /**
   * The last complete lines, without line ends; a last line without an end
   * counts as complete.
   *
   * @param maxBytes How many bytes from the end are looked at.
   */
  lines(max: number, maxBytes: number = this.#size): string[] {
    const bytes = this.bytes(maxBytes);
    const lines = decoder.decode(bytes).split("\n");
    if (lines.at(-1) === "") lines.pop();
    // The beginning of the first line was not kept.
    if (this.#length > bytes.length && lines.length > 1) lines.shift();
    return lines.slice(-max).map((line) =>
      line.endsWith("\r") ? line.slice(0, -1) : line
    );
  }

  /** Replaces the kept bytes by what is made of them. */
  rewrite(make: (bytes: Uint8Array) => Uint8Array): void {
    const kept = this.bytes();
    const made = make(kept);
    if (made === kept) return;
    const lost = this.#length - kept.length;
    this.clear();
    this.#length = lost;
    this.push(made);
  }

  /** Drops all bytes, and frees the memory. */
  clear(): void {
    this.#ring = new Uint8Array();
    this.#next = 0;
    this.#size = 0;
  }

  #grow(more: number): void {
    if (this.#ring.length === this.#maxBytes) return;
    const kept = this.bytes();
    const room = Math.max(FIRST_ROOM, (this.#size + more) * 2);
    this.#ring = new Uint8Array(Math.min(this.#maxBytes, room));
    this.#ring.set(kept);
    this.#next = kept.length; // there is room behind it: it has grown
  }
}
