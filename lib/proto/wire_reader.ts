import { concatBytes } from "../streams/bytes.ts";

/** The bytes are not a protobuf message. */
export class ProtobufError extends Error {
  /** Always `ProtobufError`, also where a bundler has renamed the class. */
  override readonly name: string = "ProtobufError";
}

/** Wire type of a number of variable length. */
export const VARINT = 0;
/** Wire type of a value of eight bytes. */
const FIXED64 = 1;
/** Wire type of a length with as many bytes after it. */
export const BYTES = 2;
/** Wire type of a value of four bytes. */
const FIXED32 = 5;

/** The tag of a field: its number and its wire type. */
export function tagOf(field: number, kind: number): number {
  return field << 3 | kind;
}

const TWO_32 = 2 ** 32;
/** Longer text is decoded by TextDecoder, which is faster there. In bytes. */
const SHORT_TEXT = 24;
const decoder = new TextDecoder();

/**
 * Reads the wire format of protobuf in place, one field after the other,
 * without bigints and without copies.
 */
export class ProtobufReader {
  /** Offset of the next byte. */
  at = 0;
  /** Offset after the end of the message that is being read. */
  end: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /**
   * The last digest and its place: all logs of a message mostly have the same
   * one.
   */
  #digest = "";
  #digestAt = 0;
  #digestLength = 0;

  /** @param bytes The message; it must not change while it is read. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.end = bytes.length;
  }

  /**
   * Enters the embedded message that follows.
   *
   * @returns The end of the outer message, to be given to {@linkcode leave}.
   */
  enter(): number {
    const length = this.#length();
    const outer = this.end;
    this.end = this.at + length;
    return outer;
  }

  /** Leaves the embedded message, and goes on in the outer one. */
  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  /** Reads a number of up to 32 bits, such as a tag. */
  uint32(): number {
    const value = this.int64();
    return value >>> 0;
  }

  /** Reads a number of 64 bits; beyond 2^53 it is rounded. */
  int64(): number {
    const bytes = this.#bytes;
    let at = this.at;
    let byte = at < this.end ? bytes[at++]! : this.#cut();
    if (byte < 0x80) {
      this.at = at;
      return byte;
    }
    let low = byte & 0x7f;
    let high = 0;
    for (let shift = 7;; shift += 7) {
      byte = at < this.end ? bytes[at++]! : this.#cut();
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << shift; // by 32 less: shifts go by their lowest five bits
      if (byte < 0x80) break;
      if (shift >= 63) throw new ProtobufError("a number is too long");
    }
    this.at = at;
    return (high | 0) * TWO_32 + (low >>> 0);
  }

  /** Reads bytes, as a view. */
  bytes(): Uint8Array<ArrayBuffer> {
    const length = this.#length();
    const at = this.at;
    this.at += length;
    return this.#bytes.subarray(at, this.at);
  }

  /** Reads text; bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    const length = this.#length();
    const start = this.at;
    this.at += length;
    return this.#text(start, length);
  }

  /**
   * Reads text that is probably the same as the last one read by this method.
   */
  digest(): string {
    const length = this.#length();
    const start = this.at;
    this.at += length;
    if (length !== this.#digestLength || !this.#isLastDigest(start)) {
      this.#digest = this.#text(start, length);
      this.#digestAt = start;
      this.#digestLength = length;
    }
    return this.#digest;
  }

  /** Skips the value of a field. */
  skip(tag: number): void {
    if (tag < 8) throw new ProtobufError("a field has no number");
    switch (tag & 7) {
      case VARINT:
        this.int64();
        return;
      case FIXED64:
        return this.#advance(8);
      case BYTES:
        return this.#advance(this.#length());
      case FIXED32:
        return this.#advance(4);
      default:
        // Wire types 3 and 4 are groups, which only protobuf 2 had; BuildKit
        // uses protobuf 3.
        throw new ProtobufError(`wire type ${tag & 7} is not known`);
    }
  }

  /**
   * Skips the field whose tag began at `start`, and appends the whole field to
   * the bytes in `kept`.
   */
  keep(
    kept: Uint8Array<ArrayBuffer> | undefined,
    tag: number,
    start: number,
  ): Uint8Array<ArrayBuffer> {
    this.skip(tag);
    const field = this.#bytes.subarray(start, this.at);
    return kept === undefined ? field : concatBytes(kept, field);
  }

  #advance(length: number): void {
    if (length > this.end - this.at) this.#cut();
    this.at += length;
  }

  #length(): number {
    const length = this.int64();
    if (length < 0 || length > this.end - this.at) this.#cut();
    return length;
  }

  #text(start: number, length: number): string {
    const bytes = this.#bytes;
    const end = start + length;
    if (length > SHORT_TEXT) return decoder.decode(bytes.subarray(start, end));
    let text = "";
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (byte >= 0x80) return decoder.decode(bytes.subarray(start, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** Compares byte by byte: to make a view of each digest would cost more. */
  #isLastDigest(start: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < this.#digestLength; i++) {
      if (bytes[start + i] !== bytes[this.#digestAt + i]) return false;
    }
    return true;
  }

  #cut(): never {
    throw new ProtobufError("the message is cut off");
  }
}
