/** Small frames are copied into buffers of this length, in bytes. */
const PIECE_BYTES = 4096;

interface Reader {
  resolve(chunk: Uint8Array | null): void;
  reject(error: unknown): void;
}

/**
 * The body of a peer's message: the connection pushes bytes into it, and the
 * caller reads them.
 */
export class Body {
  readonly #onConsumed: (count: number) => void;
  readonly #chunks: Uint8Array[] = [];
  /**
   * The buffer of the last chunk, if further small frames may be added to it.
   */
  #open: Uint8Array | null = null;
  #buffered = 0;
  #ended = false;
  #failure: Error | null = null;
  #reader: Reader | null = null;

  /**
   * @param onConsumed Called with the number of bytes that were read or
   * dropped.
   */
  constructor(onConsumed: (count: number) => void) {
    this.#onConsumed = onConsumed;
  }

  /** How many bytes wait to be read. */
  get buffered(): number {
    return this.#buffered;
  }

  /** Reads the next chunk, or `null` at the end; one call at a time. */
  read(): Promise<Uint8Array | null> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      if (this.#chunks.length === 0) this.#open = null;
      this.#buffered -= chunk.length;
      this.#onConsumed(chunk.length);
      return Promise.resolve(chunk);
    }
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve(null);
    if (this.#reader !== null) {
      return Promise.reject(
        new TypeError("Cannot read: an earlier read() is still pending"),
      );
    }
    const read = new Promise<Uint8Array | null>((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
    // If nobody handles the promise, it must not end the program: the stream's
    // signal reports the same end.
    read.catch(() => {});
    return read;
  }

  /**
   * Adds the bytes from `start` to `end`.
   *
   * They stay a view of their chunk, unless they are so few that the view would
   * keep much more memory in use than they need; `borrowed` bytes are always
   * copied.
   */
  push(
    bytes: Uint8Array,
    start: number,
    end: number,
    borrowed: boolean,
  ): void {
    const count = end - start;
    const keep = !borrowed && count * 4 >= bytes.buffer.byteLength;
    if (this.#reader !== null) {
      const reader = this.#reader;
      this.#reader = null;
      this.#onConsumed(count);
      reader.resolve(
        keep ? bytes.subarray(start, end) : bytes.slice(start, end),
      );
      return;
    }
    this.#buffered += count;
    if (keep) {
      this.#chunks.push(bytes.subarray(start, end));
      this.#open = null;
    } else {
      this.#gather(bytes, start, end);
    }
  }

  /** Ends the body: no more bytes will come. */
  end(): void {
    this.#ended = true;
    this.#reader?.resolve(null);
    this.#reader = null;
  }

  /**
   * Fails the body: reads reject from now on, and bytes that wait are dropped.
   */
  fail(error: Error): void {
    this.drop();
    this.#failure = error;
    this.#reader?.reject(error);
    this.#reader = null;
  }

  /** Drops the bytes that wait to be read, and counts them as consumed. */
  drop(): void {
    const dropped = this.#buffered;
    this.#chunks.length = 0;
    this.#open = null;
    this.#buffered = 0;
    if (dropped > 0) this.#onConsumed(dropped);
  }

  #gather(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    if (this.#open !== null) {
      const last = this.#chunks.length - 1;
      const used = this.#chunks[last]!.length;
      if (used + count <= this.#open.length) {
        this.#open.set(bytes.subarray(start, end), used);
        this.#chunks[last] = this.#open.subarray(0, used + count);
        return;
      }
    }
    const buffer = new Uint8Array(Math.max(PIECE_BYTES, count));
    buffer.set(bytes.subarray(start, end));
    this.#chunks.push(buffer.subarray(0, count));
    this.#open = buffer;
  }
}
