import { PREFIX_BYTES, writePrefix } from "../grpc/frame.ts";
import { PacketType, type Stat } from "./packets.ts";

const encoder = new TextEncoder();

/** The longest encoding of a field with a number: a tag and ten bytes. */
const NUMBER_BYTES = 11;

/** Room for the prefix, numbers and lengths of a STAT, in bytes. */
const STAT_BYTES = PREFIX_BYTES + 10 * NUMBER_BYTES;

/**
 * Writes packets into a buffer that is used again: what a method returns is a
 * view, which is valid until the next call of any method.
 */
export class PacketWriter {
  #bytes: Uint8Array = new Uint8Array(4096);
  #at = 0;
  /** Where the STATs end that were added. */
  #statsEnd = 0;

  /**
   * Adds a STAT to those that {@linkcode PacketWriter.takeStats} returns; without
   * an entry, it ends the list of entries. Until they are taken, call no other
   * method.
   */
  addStat(stat?: Stat): void {
    const begin = this.#statsEnd;
    // STAT is the type 0, and zeros are not written: without an entry it is an
    // empty message.
    const text = stat === undefined
      ? 0
      : stat.path.length + stat.linkname.length;
    this.#grow(begin + STAT_BYTES + 3 * text);
    this.#at = begin + PREFIX_BYTES;
    if (stat !== undefined) this.#entry(stat);
    writePrefix(this.#bytes, begin, this.#at - begin - PREFIX_BYTES);
    this.#statsEnd = this.#at;
  }

  /** The STATs that were added, each behind the prefix of a gRPC message. */
  takeStats(): Uint8Array {
    const stats = this.#bytes.subarray(0, this.#statsEnd);
    this.#statsEnd = 0;
    return stats;
  }

  #entry(stat: Stat): void {
    this.#bytes[this.#at++] = 2 << 3 | 2;
    const lengthAt = this.#at;
    // The length is known only at the end. One byte is left for it; what follows
    // is moved if it takes more.
    const start = lengthAt + 1;
    this.#at = start;
    this.#text(1, stat.path);
    this.#number(2, stat.mode);
    this.#number(3, stat.uid);
    this.#number(4, stat.gid);
    this.#number(5, stat.size);
    this.#time(6, stat.mtimeMs, stat.mtimeNs);
    this.#text(7, stat.linkname);
    this.#number(8, stat.devmajor);
    this.#number(9, stat.devminor);
    const length = this.#at - start;
    const room = sizeOf(length);
    if (room > 1) {
      this.#bytes.copyWithin(lengthAt + room, start, start + length);
    }
    this.#at = lengthAt;
    this.#varint(length);
    this.#at += length;
  }

  /** Writes a REQ for an entry's content. */
  request(id: number): Uint8Array {
    return this.#head(PacketType.REQ, id);
  }

  /**
   * Writes a DATA packet up to its content, which the caller appends; with a
   * length of 0, the complete last packet of a file.
   */
  data(id: number, length: number): Uint8Array {
    const head = this.#head(PacketType.DATA, id);
    if (length === 0) return head;
    this.#bytes[this.#at++] = 4 << 3 | 2;
    this.#varint(length);
    return this.#bytes.subarray(0, this.#at);
  }

  /** Writes a FIN. */
  finish(): Uint8Array {
    return this.#head(PacketType.FIN, 0);
  }

  /** Writes an ERR with its reason. */
  error(reason: string): Uint8Array {
    this.#grow(2 * NUMBER_BYTES + 3 * reason.length);
    this.#head(PacketType.ERR, 0);
    this.#text(4, reason);
    return this.#bytes.subarray(0, this.#at);
  }

  #head(type: number, id: number): Uint8Array {
    this.#at = 0;
    this.#number(1, type);
    this.#number(3, id);
    return this.#bytes.subarray(0, this.#at);
  }

  /** Makes room for so many bytes in all; the STATs that were added stay. */
  #grow(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(bytes * 2);
    larger.set(this.#bytes.subarray(0, this.#statsEnd));
    this.#bytes = larger;
  }

  #text(field: number, text: string): void {
    if (text === "") return;
    const bytes = this.#bytes;
    bytes[this.#at++] = field << 3 | 2;
    // Room for the length is left as for ASCII text, which most text is; other
    // text is moved afterwards if its length needs more room.
    const room = sizeOf(text.length);
    const start = this.#at + room;
    const written = encodeAt(text, bytes, start);
    const needed = sizeOf(written);
    if (needed > room) {
      bytes.copyWithin(this.#at + needed, start, start + written);
    }
    this.#varint(written);
    this.#at += written;
  }

  /**
   * Writes a number; 0 is the default of a missing field and is not written.
   */
  #number(field: number, value: number): void {
    if (value === 0) return;
    this.#bytes[this.#at++] = field << 3;
    if (value < 0) this.#bigVarint(BigInt(value));
    else this.#varint(value);
  }

  #time(field: number, ms: number, ns: number): void {
    if (ms === 0 && ns === 0) return;
    this.#bytes[this.#at++] = field << 3;
    if (ms < 0) return this.#bigVarint(BigInt(ms) * 1_000_000n + BigInt(ns));
    // A number can't hold the time in nanoseconds exactly, so it is computed in
    // two parts: the low 28 bits and the rest.
    const low = (ms % 2 ** 20) * 1_000_000 + ns;
    const high = Math.floor(ms / 2 ** 20) * 1_000_000 +
      Math.floor(low / 2 ** 20);
    const bits = (low % 2 ** 20) + (high % 256) * 2 ** 20;
    const rest = Math.floor(high / 256);
    if (rest === 0) return this.#varint(bits);
    for (let shift = 0; shift < 28; shift += 7) {
      this.#bytes[this.#at++] = (bits >>> shift) & 0x7f | 0x80;
    }
    this.#varint(rest);
  }

  #varint(value: number): void {
    const bytes = this.#bytes;
    while (value >= 0x80) {
      bytes[this.#at++] = value % 128 | 0x80;
      value = value < 2 ** 32 ? value >>> 7 : Math.floor(value / 128);
    }
    bytes[this.#at++] = value;
  }

  /** Writes a negative number: as 64 bits, which take ten bytes. */
  #bigVarint(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }
}

/** How many bytes the encoding of a number takes. */
function sizeOf(value: number): number {
  let size = 1;
  while (value >= 0x80) {
    value = Math.floor(value / 128);
    size++;
  }
  return size;
}

/**
 * Writes a text as UTF-8, from index `at` on; returns how many bytes it took.
 *
 * Most paths are short and ASCII: for these, `encodeInto` and the view that it
 * takes cost more than all numbers of an entry.
 */
function encodeAt(text: string, bytes: Uint8Array, at: number): number {
  const { length } = text;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) {
      const rest = bytes.subarray(at + index);
      return index + encoder.encodeInto(text.slice(index), rest).written;
    }
    bytes[at + index] = code;
  }
  return length;
}
