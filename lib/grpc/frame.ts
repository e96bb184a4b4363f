import { GrpcCode, GrpcError } from "./status.ts";

/**
 * Length of the prefix of each message, in bytes: a flag for compression, then
 * the length of the message, big-endian.
 */
const PREFIX_BYTES = 5;

/** The prefix of a message of `length` bytes. */
export function framePrefix(length: number): Uint8Array<ArrayBuffer> {
  const prefix = new Uint8Array(PREFIX_BYTES);
  new DataView(prefix.buffer).setUint32(1, length);
  return prefix;
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
    if (!await this.#fill(PREFIX_BYTES)) {
      if (this.#length === 0) return null;
      throw new GrpcError(GrpcCode.INTERNAL, "message cut off");
    }
    const prefix = this.#take(PREFIX_BYTES);
    if (prefix[0] !== 0) {
      throw new GrpcError(
        GrpcCode.UNIMPLEMENTED,
        "compressed messages are not supported",
      );
    }
    const length = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES)
      .getUint32(1);
    if (length > this.#maxBytes) {
      throw new GrpcError(
        GrpcCode.RESOURCE_EXHAUSTED,
        `message of ${length} bytes, at most ${this.#maxBytes} are taken`,
      );
    }
    if (!await this.#fill(length)) {
      throw new GrpcError(GrpcCode.INTERNAL, "message cut off");
    }
    return this.#take(length);
  }

  async #fill(length: number): Promise<boolean> {
    while (this.#length < length) {
      const chunk = await this.#read();
      if (chunk === null) return false;
      this.#chunks.push(chunk);
      this.#length += chunk.length;
    }
    return true;
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
