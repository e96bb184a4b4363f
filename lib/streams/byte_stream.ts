/** How much of a file or a connection is read at once, in bytes. */
const READ_BYTES = 64 * 1024;

/**
 * The buffer of `take` begins with this many bytes more than twice the length
 * of the first chunk.
 */
const ROOM_BYTES = 4096;

/** A file or a connection, with the same method as Deno's. */
export interface ByteReading {
  /**
   * Reads into a buffer from its beginning.
   *
   * @returns How many bytes were read; `null` or 0 at the end.
   */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null>;
}

/**
 * Reads bytes once, in pieces of any length, and can look ahead. Nothing is
 * read before it is asked for. The owner of the source has to cancel it.
 */
export class ByteStream {
  readonly #next: () => Promise<Uint8Array | null>;
  readonly #held: Uint8Array[] = [];
  #ended = false;

  /** @param next Returns the next bytes; null at the end. */
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

  /**
   * Reads from a file or a connection.
   *
   * @param bytes How much is read at once.
   */
  static reading(
    source: ByteReading,
    bytes: number = READ_BYTES,
  ): ByteStream {
    return new ByteStream(async () => {
      const buffer = new Uint8Array(bytes);
      const count = await source.read(buffer);
      return count === null || count === 0 ? null : buffer.subarray(0, count);
    });
  }

  /** Reads from an async iterable. */
  static from(chunks: AsyncIterable<Uint8Array>): ByteStream {
    const iterator = chunks[Symbol.asyncIterator]();
    return new ByteStream(async () => {
      const { done, value } = await iterator.next();
      return done ? null : value;
    });
  }

  /** The next bytes as they come, at least one; null at the end. */
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

  /** Puts bytes back: they are what is read next. */
  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#held.unshift(bytes);
  }

  /**
   * Reads `length` bytes; fewer only at the end. The memory grows with the
   * bytes that come, and is not allocated for the whole `length` in advance.
   */
  async take(length: number): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array(0);
    const first = await this.read();
    if (first === null) return new Uint8Array(0);
    if (first.length >= length) {
      this.unread(first.subarray(length));
      return first.subarray(0, length);
    }
    let bytes = new Uint8Array(Math.min(length, 2 * first.length + ROOM_BYTES));
    bytes.set(first);
    let filled = first.length;
    while (filled < length) {
      const more = await this.read();
      if (more === null) return bytes.subarray(0, filled);
      const part = more.subarray(0, length - filled);
      if (filled + part.length > bytes.length) {
        const room = Math.min(length, 2 * (filled + part.length));
        const larger = new Uint8Array(room);
        larger.set(bytes.subarray(0, filled));
        bytes = larger;
      }
      bytes.set(part, filled);
      filled += part.length;
      this.unread(more.subarray(part.length));
    }
    return bytes;
  }

  /** Reads the first bytes and puts them back. */
  async peek(length: number): Promise<Uint8Array> {
    const bytes = await this.take(length);
    this.unread(bytes);
    return bytes;
  }

  /**
   * The next `length` bytes as a stream of their own; it must be read before
   * this stream is read further.
   *
   * @param cut Makes the error for a stream that ends earlier.
   */
  limited(length: number, cut: () => Error): ByteStream {
    let left = length;
    return new ByteStream(async () => {
      if (left === 0) return null;
      const bytes = await this.read();
      if (bytes === null) throw cut();
      this.unread(bytes.subarray(left));
      const part = bytes.subarray(0, left);
      left -= part.length;
      return part;
    });
  }

  /**
   * The same bytes as a stream that passes each chunk to `see` when it is read.
   */
  tapped(see: (bytes: Uint8Array) => void): ByteStream {
    return new ByteStream(async () => {
      const bytes = await this.read();
      if (bytes !== null) see(bytes);
      return bytes;
    });
  }

  /** The remaining bytes, chunk by chunk. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let bytes = await this.read(); bytes; bytes = await this.read()) {
      yield bytes;
    }
  }

  /**
   * The remaining bytes as a web stream, which reads nothing in advance.
   *
   * @param cancel Called when the stream is cancelled.
   */
  stream(
    cancel: (reason: unknown) => void | Promise<void>,
  ): ReadableStream<Uint8Array> {
    return new ReadableStream({
      pull: async (controller) => {
        const bytes = await this.read();
        if (bytes === null) controller.close();
        else controller.enqueue(bytes);
      },
      cancel,
    }, { highWaterMark: 0 });
  }

  /** Skips zeros. */
  async skipZeros(): Promise<void> {
    for (let bytes = await this.read(); bytes; bytes = await this.read()) {
      const start = bytes.findIndex((byte) => byte !== 0);
      if (start === -1) continue;
      this.unread(bytes.subarray(start));
      return;
    }
  }

  /** Reads the remaining bytes and drops them. */
  async drain(): Promise<void> {
    while (await this.read() !== null);
  }
}
