import { ErrorCode, Http2Error } from "./error.ts";
import {
  DEFAULT_HEADER_TABLE_SIZE,
  fieldSize,
  type HeaderField,
  HpackTable,
} from "./hpack_table.ts";
import { decodeHuffman, maxDecodedBytes } from "./huffman.ts";

/**
 * The largest shift in an integer: numbers of more than four continuation bytes
 * are too large to have a meaning here.
 */
const LARGEST_SHIFT = 21;

/** How many arguments one call of `String.fromCharCode` can take safely. */
const PIECE_BYTES = 8192;

/** One header block, decoded. */
export interface DecodedHeaders {
  /** The fields in order; those past the limit are missing. */
  readonly fields: readonly HeaderField[];
  /** Size of the whole list, counted as in RFC 9113 section 6.5.2. */
  readonly size: number;
  /** Whether the list is longer than the limit. */
  readonly tooLarge: boolean;
}

/**
 * Decodes the header blocks of one connection, which must come in their order
 * (RFC 7541).
 */
export class HpackDecoder {
  readonly #table: HpackTable;
  readonly #maxTableSize: number;
  readonly #maxListSize: number;
  #huffman: Uint8Array = new Uint8Array(1024);
  #block: Uint8Array = new Uint8Array();
  #at = 0;

  /**
   * @param maxListSize The longest header list that is kept: its bytes, and 32
   * for each field.
   * @param maxTableSize The SETTINGS_HEADER_TABLE_SIZE of this side, in bytes.
   */
  constructor(
    maxListSize: number,
    maxTableSize: number = DEFAULT_HEADER_TABLE_SIZE,
  ) {
    this.#maxListSize = maxListSize;
    this.#maxTableSize = maxTableSize;
    this.#table = new HpackTable(maxTableSize);
  }

  /** The present size of the dynamic table, in bytes. */
  get tableSize(): number {
    return this.#table.size;
  }

  /**
   * Decodes one complete block.
   *
   * A list past the limit is decoded to its end, too, because the dynamic table
   * has to stay the same as the peer's.
   *
   * @throws {Http2Error} COMPRESSION_ERROR; no later block can be decoded then.
   */
  decode(block: Uint8Array): DecodedHeaders {
    this.#block = block;
    this.#at = 0;
    const fields: HeaderField[] = [];
    let size = 0;
    let sizeUpdates = 0;
    let atStart = true;
    while (this.#at < block.length) {
      const first = block[this.#at]!;
      if ((first & 0xe0) === 0x20) {
        // RFC 7541 section 4.2: size updates come only at the start of a block,
        // and at most two of them (the lowest and the last).
        if (!atStart || ++sizeUpdates > 2) fail("table size update misplaced");
        const wanted = this.#integer(5);
        if (wanted > this.#maxTableSize) fail("table size above the limit");
        this.#table.resize(wanted);
        continue;
      }
      atStart = false;
      const field = this.#field(first);
      size += fieldSize(field);
      if (size <= this.#maxListSize) fields.push(field);
    }
    this.#block = new Uint8Array();
    return { fields, size, tooLarge: size > this.#maxListSize };
  }

  #field(first: number): HeaderField {
    if (first >= 0x80) {
      return this.#indexed(this.#integer(7));
    }
    const indexing = first >= 0x40;
    const index = this.#integer(indexing ? 6 : 4);
    const name = index === 0 ? this.#string() : this.#indexed(index)[0];
    const field: HeaderField = [name, this.#string()];
    if (indexing) this.#table.add(field);
    return field;
  }

  #indexed(index: number): HeaderField {
    return this.#table.at(index) ?? fail("index outside the tables");
  }

  /** Reads an integer (RFC 7541 section 5.1). */
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let shift = 0;; shift += 7) {
      if (shift > LARGEST_SHIFT) fail("integer too long");
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  /** Reads a string (RFC 7541 section 5.2). */
  #string(): string {
    const huffman = this.#block[this.#at]! >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#block.length) fail("block ends inside a string");
    this.#at = end;
    if (!huffman) return byteString(this.#block, start, end);
    const room = maxDecodedBytes(length);
    if (this.#huffman.length < room) this.#huffman = new Uint8Array(room * 2);
    const decoded = decodeHuffman(this.#block, start, end, this.#huffman);
    return byteString(this.#huffman, 0, decoded);
  }

  #byte(): number {
    const byte = this.#block[this.#at++];
    return byte ?? fail("block ends inside a field");
  }
}

/**
 * Makes a string with one character per byte. TextDecoder's "latin1" can't be
 * used: it is windows-1252, which changes some bytes.
 */
function byteString(bytes: Uint8Array, start: number, end: number): string {
  // If no byte is above 127 the text is the same in UTF-8, whose decoder is
  // much faster.
  if (end - start > PIECE_BYTES && isAscii(bytes, start, end)) {
    return new TextDecoder().decode(bytes.subarray(start, end));
  }
  let text = "";
  for (let at = start; at < end; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, Math.min(at + PIECE_BYTES, end));
    text += String.fromCharCode(...piece);
  }
  return text;
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at]! > 0x7f) return false;
  return true;
}

function fail(what: string): never {
  throw new Http2Error(`Header block can't be decoded: ${what}`, {
    code: ErrorCode.COMPRESSION_ERROR,
  });
}
