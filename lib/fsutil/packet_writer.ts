import { PacketType, type Stat } from "./packets.ts";

const encoder = new TextEncoder();

/** The longest encoding of a field with a number: a tag and ten bytes. */
const NUMBER_BYTES = 11;

/** Room for the numbers and lengths of a STAT, in bytes. */
const STAT_BYTES = 10 * NUMBER_BYTES;

/**
 * Writes packets into a buffer that is used again: each method returns a view,
 * which is valid until the next call of any method.
 */
export class PacketWriter {
  #bytes: Uint8Array = new Uint8Array(4096);
  #at = 0;

  /** Writes a STAT; without an entry, it ends the list of entries. */
  stat(stat?: Stat): Uint8Array {
    // STAT is the type 0, and zeros are not written: an empty message.
    if (stat === undefined) return this.#bytes.subarray(0, 0);
    this.#grow(STAT_BYTES + 3 * (stat.path.length + stat.linkname.length));
    // Room is left for the tag and length of the entry, because the length is
    // known only at the end.
    const start = 1 + 5;
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
    const end = this.#at;
    const from = start - 1 - sizeOf(end - start);
    this.#at = from;
    this.#bytes[this.#at++] = 2 << 3 | 2;
    this.#varint(end - start);
    return this.#bytes.subarray(from, end);
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

  #grow(bytes: number): void {
    if (bytes > this.#bytes.length) this.#bytes = new Uint8Array(bytes * 2);
  }

  #text(field: number, text: string): void {
    if (text === "") return;
    const bytes = this.#bytes;
    bytes[this.#at++] = field << 3 | 2;
    // Room for the length is left as for ASCII text, which most text is; other
    // text is moved afterwards if its length needs more room.
    const room = sizeOf(text.length);
    const start = this.#at + room;
    const { written } = encoder.encodeInto(text, bytes.subarray(start));
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
