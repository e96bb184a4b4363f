/**
 * Bytes to be read once, in pieces of any length, with a look ahead. Nothing is
 * read before it is asked for; cancelling is the matter of who owns the source.
 */
export class ByteStream {
  readonly #next: () => Promise<Uint8Array | null>;
  readonly #held: Uint8Array[] = [];
  #ended = false;

  /** @param next Gives the next bytes; null at the end. */
  constructor(next: () => Promise<Uint8Array | null>) {
    this.#next = next;
  }

  /** Reads from a stream's reader. */
  static of(reader: ReadableStreamDefaultReader<Uint8Array>): ByteStream {
    return new ByteStream(async () => {
      const { done, value } = await reader.read();
      return done ? null : value;
    });
  }

  /** Reads what is given by an iterator. */
  static from(chunks: AsyncIterable<Uint8Array>): ByteStream {
    const iterator = chunks[Symbol.asyncIterator]();
    return new ByteStream(async () => {
      const { done, value } = await iterator.next();
      return done ? null : value;
    });
  }

  /** The next bytes as they come, never none; null at the end. */
  async read(): Promise<Uint8Array | null> {
    while (true) {
      const held = this.#held.shift();
      if (held !== undefined) return held;
      if (this.#ended) return null;
      const bytes = await this.#next();
      if (bytes === null) this.#ended = true;
      else if (bytes.length > 0) return bytes;
    }
  }

  /** Gives bytes back, to be read next. */
  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#held.unshift(bytes);
  }

  /** So many bytes; fewer only at the end. */
  async take(length: number): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array(0);
    const first = await this.read();
    if (first === null) return new Uint8Array(0);
    if (first.length >= length) {
      this.unread(first.subarray(length));
      return first.subarray(0, length);
    }
    const bytes = new Uint8Array(length);
    bytes.set(first);
    let filled = first.length;
    while (filled < length) {
      const more = await this.read();
      if (more === null) return bytes.subarray(0, filled);
      const part = more.subarray(0, length - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.unread(more.subarray(part.length));
    }
    return bytes;
  }

  /** The first bytes, which are read again afterwards. */
  async peek(length: number): Promise<Uint8Array> {
    const bytes = await this.take(length);
    this.unread(bytes);
    return bytes;
  }

  /**
   * The next so many bytes as a stream of their own; read it before this one.
   *
   * @param cut Makes the error that says that there are not so many.
   */
  limited(length: number, cut: () => Error): ByteStream {
    let left = length;
    return new ByteStream(async () => {
      if (left === 0) return null;
      const bytes = await this.read();
      if (bytes === null) throw cut();
      if (bytes.length > left) this.unread(bytes.subarray(left));
      const part = bytes.length > left ? bytes.subarray(0, left) : bytes;
      left -= part.length;
      return part;
    });
  }

  /** The same bytes, of which `see` is told once each as they are read. */
  tapped(see: (bytes: Uint8Array) => void): ByteStream {
    return new ByteStream(async () => {
      const bytes = await this.read();
      if (bytes !== null) see(bytes);
      return bytes;
    });
  }

  /** The rest, chunk by chunk. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let bytes = await this.read(); bytes; bytes = await this.read()) {
      yield bytes;
    }
  }

  /** Passes over zeros. */
  async skipZeros(): Promise<void> {
    for (let bytes = await this.read(); bytes; bytes = await this.read()) {
      const start = bytes.findIndex((byte) => byte !== 0);
      if (start === -1) continue;
      this.unread(bytes.subarray(start));
      return;
    }
  }

  /** Reads the rest away. */
  async drain(): Promise<void> {
    while (await this.read() !== null);
  }
}
