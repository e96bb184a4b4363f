import type { Packet, Stat } from "./packets.ts";

const decoder = new TextDecoder("utf-8", {
  fatal: true,
  ignoreBOM: true,
});
const NOTHING = new Uint8Array(0);

/**
 * Reads one packet. Unknown fields, such as extended attributes, are skipped.
 *
 * @throws {RangeError} If the bytes are not a packet.
 */
export function readPacket(bytes: Uint8Array): Packet {
  const packet: Packet = { type: 0, stat: undefined, id: 0, data: NOTHING };
  const cursor = { bytes, at: 0, end: bytes.length };
  while (cursor.at < cursor.end) {
    const tag = varint(cursor);
    switch (tag) {
      case 1 << 3:
        packet.type = varint(cursor);
        break;
      case 2 << 3 | 2:
        packet.stat = readStat(bytes, ...span(cursor));
        break;
      case 3 << 3:
        packet.id = varint(cursor);
        break;
      case 4 << 3 | 2:
        packet.data = bytes.subarray(...span(cursor));
        break;
      default:
        skip(cursor, tag);
    }
  }
  return packet;
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
}

function readStat(bytes: Uint8Array, start: number, end: number): Stat {
  const stat: Stat = {
    path: "",
    mode: 0,
    uid: 0,
    gid: 0,
    size: 0,
    mtimeMs: 0,
    mtimeNs: 0,
    linkname: "",
    devmajor: 0,
    devminor: 0,
  };
  const cursor = { bytes, at: start, end };
  while (cursor.at < end) {
    const tag = varint(cursor);
    switch (tag) {
      case 1 << 3 | 2:
        stat.path = text(cursor);
        break;
      case 2 << 3:
        stat.mode = varint(cursor);
        break;
      case 3 << 3:
        stat.uid = varint(cursor);
        break;
      case 4 << 3:
        stat.gid = varint(cursor);
        break;
      case 5 << 3:
        stat.size = varint(cursor);
        break;
      case 6 << 3:
        readTime(cursor, stat);
        break;
      case 7 << 3 | 2:
        stat.linkname = text(cursor);
        break;
      case 8 << 3:
        stat.devmajor = varint(cursor);
        break;
      case 9 << 3:
        stat.devminor = varint(cursor);
        break;
      default:
        skip(cursor, tag);
    }
  }
  return stat;
}

/**
 * Reads a time in nanoseconds. A number can't hold it exactly, so it is split
 * into milliseconds and the rest.
 */
function readTime(cursor: Cursor, stat: Stat): void {
  const ns = BigInt.asIntN(64, bigVarint(cursor));
  let ms = ns / 1_000_000n;
  let rest = ns % 1_000_000n;
  if (rest < 0n) {
    ms -= 1n;
    rest += 1_000_000n;
  }
  stat.mtimeMs = Number(ms);
  stat.mtimeNs = Number(rest);
}

function text(cursor: Cursor): string {
  return decoder.decode(cursor.bytes.subarray(...span(cursor)));
}

/**
 * Reads a field with a length.
 *
 * @returns Its start and its end.
 */
function span(cursor: Cursor): [number, number] {
  const length = varint(cursor);
  const start = cursor.at;
  if (length < 0 || length > cursor.end - start) throw cutOff();
  cursor.at = start + length;
  return [start, cursor.at];
}

/**
 * Reads a number; it may be negative, and is exact up to 2^53, which all
 * numbers here are below.
 */
function varint(cursor: Cursor): number {
  const { bytes, end } = cursor;
  let value = 0;
  let factor = 1;
  for (let at = cursor.at; at < end; at++) {
    const byte = bytes[at]!;
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 0x80) {
      if (!Number.isSafeInteger(value)) break;
      cursor.at = at + 1;
      return value;
    }
    if (factor > 2 ** 63) break;
  }
  return Number(BigInt.asIntN(64, bigVarint(cursor)));
}

function bigVarint(cursor: Cursor): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    if (cursor.at >= cursor.end) throw cutOff();
    const byte = cursor.bytes[cursor.at++]!;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw new RangeError("A number of the packet has more than ten bytes");
}

function skip(cursor: Cursor, tag: number): void {
  switch (tag & 7) {
    case 0:
      bigVarint(cursor);
      return;
    case 1:
      cursor.at += 8;
      break;
    case 2:
      span(cursor);
      return;
    case 5:
      cursor.at += 4;
      break;
    default:
      throw new RangeError(
        `A field of the packet has the unknown type ${tag & 7}`,
      );
  }
  if (cursor.at > cursor.end) throw cutOff();
}

function cutOff(): RangeError {
  return new RangeError("The packet is cut off");
}
