import { GrpcCode, GrpcError } from "./status.ts";

/**
 * Length of the prefix of each message, in bytes: a flag for compression, then
 * the length of the message, big-endian.
 */
export const PREFIX_BYTES = 5;

/** The prefix of a message of `length` bytes. */
export function framePrefix(length: number): Uint8Array<ArrayBuffer> {
  const prefix = new Uint8Array(PREFIX_BYTES);
  writePrefix(prefix, 0, length);
  return prefix;
}

/** Sends parts of the byte stream, as `Http2Stream.write` does. */
type SendParts = (...parts: Uint8Array[]) => Promise<void> | undefined;

/** Puts the prefix before each message. */
export class MessageWriter {
  readonly #send: SendParts;
  /** Used again as long as it is copied at once: there are very many messages. */
  #prefix: Uint8Array = new Uint8Array(PREFIX_BYTES);

  /** @param send Sends what is put together here. */
  constructor(send: SendParts) {
    this.#send = send;
  }

  /** Sends a message made of these parts; see `GrpcCall.write`. */
  write(parts: readonly Uint8Array[]): Promise<void> | undefined {
    let length = 0;
    for (const part of parts) length += part.length;
    writePrefix(this.#prefix, 0, length);
    const room = this.#send(this.#prefix, ...parts);
    if (room !== undefined) this.#prefix = new Uint8Array(PREFIX_BYTES);
    return room;
  }
}

/** Writes the prefix of a message of `length` bytes, from index `at` on. */
export function writePrefix(
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  bytes[at] = 0;
  bytes[at + 1] = length >>> 24;
  bytes[at + 2] = length >>> 16;
  bytes[at + 3] = length >>> 8;
  bytes[at + 4] = length;
}

/**
 * Splits a byte stream into gRPC messages, whatever pieces it comes in. A
 * message within one piece is a view of it, not a copy.
 */
export class MessageReader {
  readonly #read: () => Promise<Uint8Array | null>;
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #length = 0;
  /** The length of the message whose prefix was read, or -1. */
  #expected = -1;

  /**
   * @param read Returns the next piece, or null at the end.
   * @param maxBytes The longest message that is accepted.
   */
  constructor(read: () => Promise<Uint8Array | null>, maxBytes: number) {
    this.#read = read;
    this.#maxBytes = maxBytes;
  }

  /**
   * Reads the next message, or null after the last one.
   *
   * @throws {GrpcError} If a message is compressed, too long or cut off.
   */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      const message = this.#whole();
      if (message !== undefined) return message;
      const chunk = await this.#read();
      if (chunk === null) {
        if (this.#length === 0 && this.#expected < 0) return null;
        throw new GrpcError(GrpcCode.INTERNAL, "message cut off");
      }
      this.#chunks.push(chunk);
      this.#length += chunk.length;
    }
  }

  /** The next message, if all of it has been read already. */
  #whole(): Uint8Array | undefined {
    if (this.#expected < 0) {
      if (this.#length < PREFIX_BYTES) return undefined;
      this.#expected = this.#lengthIn(this.#take(PREFIX_BYTES));
    }
    if (this.#length < this.#expected) return undefined;
    const message = this.#take(this.#expected);
    this.#expected = -1;
    return message;
  }

  #lengthIn(prefix: Uint8Array): number {
    if (prefix[0] !== 0) {
      throw new GrpcError(
        GrpcCode.UNIMPLEMENTED,
        "compressed messages are not supported",
      );
    }
    const length = ((prefix[1]! << 24) | (prefix[2]! << 16) |
      (prefix[3]! << 8) | prefix[4]!) >>> 0;
    if (length > this.#maxBytes) {
      throw new GrpcError(
        GrpcCode.RESOURCE_EXHAUSTED,
        `message of ${length} bytes, at most ${this.#maxBytes} are taken`,
      );
    }
    return length;
  }

  #take(length: number): Uint8Array {
    this.#length -= length;
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= length) {
      if (first.length === length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    const message = new Uint8Array(length);
    let at = 0;
    let used = 0;
    while (at < length) {
      const chunk = this.#chunks[used]!;
      const part = chunk.subarray(0, length - at);
      message.set(part, at);
      at += part.length;
      if (part.length === chunk.length) used++;
      else this.#chunks[used] = chunk.subarray(part.length);
    }
    this.#chunks.splice(0, used);
    return message;
  }
}
