import { crc32 } from "node:zlib";
import type { ByteStream } from "../streams/byte_stream.ts";
import { inflate, PackingError } from "./inflate.ts";

const TRAILER_BYTES = 8;

/** Whether these are the first bytes of a gzip file. */
export function isGzip([a, b, c]: Uint8Array): boolean {
  return a === 0x1f && b === 0x8b && c === 8;
}

/**
 * The content of all members of a gzip file, which follow each other (RFC
 * 1952). There may be zeros between them, as on tapes.
 *
 * @throws {PackingError} If one is damaged; thrown after everything that can be
 * unpacked.
 */
export async function* gunzip(source: ByteStream): AsyncGenerator<Uint8Array> {
  let isDamaged = false;
  for (let head = await source.peek(3); isGzip(head);) {
    await skipHeader(source);
    let sum = 0;
    let size = 0;
    for await (const bytes of inflate("deflate", source)) {
      sum = crc32(bytes, sum);
      size += bytes.length;
      yield bytes;
    }
    const trailer = await source.take(TRAILER_BYTES);
    const view = new DataView(trailer.buffer, trailer.byteOffset);
    isDamaged ||= trailer.length < TRAILER_BYTES ||
      view.getUint32(0, true) !== sum ||
      view.getUint32(4, true) !== size % 2 ** 32;
    await source.skipZeros();
    head = await source.peek(3);
  }
  if (isDamaged) throw new PackingError("It is cut off, or its sum is wrong");
}

async function skipHeader(source: ByteStream): Promise<void> {
  const header = await source.take(10);
  const flags = header[3] ?? 0;
  if ((flags & 4) !== 0) {
    const [low = 0, high = 0] = await source.take(2);
    await source.take(low + 256 * high);
  }
  for (const flag of [8, 16]) {
    if ((flags & flag) !== 0) await skipText(source);
  }
  if ((flags & 2) !== 0) await source.take(2);
  if (header.length < 10) throw new PackingError("It ends in its header");
}

/** Skips a name or a comment, which ends with a zero. */
async function skipText(source: ByteStream): Promise<void> {
  for (let bytes = await source.read(); bytes; bytes = await source.read()) {
    const end = bytes.indexOf(0);
    if (end === -1) continue;
    source.unread(bytes.subarray(end + 1));
    return;
  }
}
