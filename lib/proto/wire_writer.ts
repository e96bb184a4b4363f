import { BYTES, VARINT } from "./wire_reader.ts";

/** Enough for most messages; a longer one doubles it. */
const FIRST_BYTES = 128;

const encoder = new TextEncoder();

/**
 * Writes the wire format of protobuf; fields whose value is zero are left out.
 */
export class ProtobufWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #at = 0;

  /** Everything that was written, as a view. */
  result(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Writes text in UTF-8. */
  text(field: number, text: string): void {
    if (text !== "") this.item(field, encoder.encode(text));
  }

  /** Writes an item of a list, even if it is empty. */
  item(field: number, bytes: Uint8Array): void {
    this.#varint(field << 3 | BYTES);
    this.#varint(bytes.length);
    this.raw(bytes);
  }

  /** Writes a number of up to 64 bits, unless it is zero. */
  number(field: number, value: number): void {
    if (value !== 0) this.numberItem(field, value);
  }

  /** Writes a number of up to 64 bits, even if it is zero. */
  numberItem(field: number, value: number): void {
    this.#varint(field << 3 | VARINT);
    this.#varint(value);
  }

  /**
   * Writes an embedded message. Its length is known only afterwards, so the
   * content is then moved to make room for the length.
   */
  message(field: number, write: () => void): void {
    this.#varint(field << 3 | BYTES);
    const start = this.#at;
    write();
    const length = this.#at - start;
    const lengthSize = length < 0x80
      ? 1
      : Math.ceil((32 - Math.clz32(length)) / 7);
    this.#room(lengthSize);
    this.#bytes.copyWithin(start + lengthSize, start, this.#at);
    this.#at = start;
    this.#varint(length);
    this.#at += length;
  }

  /** Writes bytes that are fields already. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #varint(value: number): void {
    this.#room(10);
    if (Math.sign(value) === -1) return this.#negative(value);
    while (value >= 0x80) {
      this.#bytes[this.#at++] = value % 0x80 | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.#at++] = value;
  }

  /** A negative number is written as its 64-bit two's complement. */
  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)));
    while (rest >= 0x80n) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }

  #room(size: number): void {
    const needed = this.#at + size;
    if (needed <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = bytes;
  }
}
