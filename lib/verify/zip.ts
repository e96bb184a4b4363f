import { crc32 } from "node:zlib";
import type { ByteStream } from "../streams/byte_stream.ts";
import { inflate, PackingError } from "./inflate.ts";
import type { Member } from "./member.ts";

const LOCAL_HEADER = 0x04034b50;
/** An entry of a directory, and the end of one. */
const DIRECTORY: ReadonlySet<number> = new Set([0x02014b50, 0x06054b50]);
/** Sizes of 4 GiB and more are told in a field of their own. */
const IN_FIELD = 0xffffffff;
const SIZES_FIELD = 1;

const HEADER_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
const HAS_DESCRIPTOR = 1 << 3;
const ENCRYPTED = 1;
/** Versions of APPNOTE so far end with 6.3, and strong encryption is 6.2. */
const MAX_VERSION = 63;
const MAX_METHOD = 99;

/**
 * The files of a zip, in the order of their headers (APPNOTE 4.3), to the end
 * of the source: whatever stands between two files is passed over, also a
 * directory with another zip behind it. A file that is encrypted or packed
 * otherwise has no content. One that is stored without a length is passed over;
 * where it is a zip itself, its files are given.
 *
 * @throws {PackingError} If a file ends too early, or can't be unpacked.
 */
export async function* zipMembers(source: ByteStream): AsyncGenerator<Member> {
  let isOpen = false;
  while (true) {
    const mark = await skipToMark(source);
    if (mark === undefined) {
      if (isOpen) throw new PackingError("A zip ends without its directory");
      return;
    }
    isOpen = mark === LOCAL_HEADER;
    if (!isOpen) {
      await source.take(4);
      continue;
    }
    const header = await source.take(HEADER_BYTES);
    const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
    const flags = view.getUint16(6, true);
    const method = view.getUint16(8, true);
    const name = new TextDecoder().decode(
      await source.take(view.getUint16(26, true)),
    );
    const extra = await source.take(view.getUint16(28, true));
    const size = packedSize(view, extra);
    const isPlain = (flags & ENCRYPTED) === 0;
    if (isPlain && method === DEFLATED) {
      const hasDescriptor = (flags & HAS_DESCRIPTOR) !== 0;
      const sum = hasDescriptor ? undefined : view.getUint32(14, true);
      yield { name, content: unpacked(source, sum) };
      continue;
    }
    if (!isPlain || method !== STORED) yield { name, content: undefined };
    // Where a length is told behind the file, the next header is looked for.
    if ((flags & HAS_DESCRIPTOR) !== 0 && size === 0) continue;
    const cut = () => new PackingError("A zip ends in a file");
    const content = source.limited(size, cut);
    if (isPlain && method === STORED) {
      yield { name, content: content.chunks(), isStored: true };
    }
    await content.drain();
  }
}

/**
 * A deflated file. Deflate itself does not tell where it was cut off.
 *
 * @param sum Its checksum; undefined where it stands behind the file.
 * @throws {PackingError} If the checksum is another, or not there.
 */
async function* unpacked(
  source: ByteStream,
  sum: number | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let own = 0;
  for await (const bytes of inflate("deflate", source)) {
    own = crc32(bytes, own);
    yield bytes;
  }
  const next = await source.peek(8);
  const view = new DataView(next.buffer, next.byteOffset, next.length);
  // A descriptor has a mark before the checksum, or none.
  const told = sum !== undefined
    ? [sum]
    : [0, 4].filter((at) => at + 4 <= next.length).map((at) =>
      view.getUint32(at, true)
    );
  if (!told.includes(own)) {
    throw new PackingError("A file in a zip is cut off, or its sum is wrong");
  }
}

/** Length of a file as it is packed; 0 where it is told behind it. */
function packedSize(header: DataView, extra: Uint8Array): number {
  const size = header.getUint32(18, true);
  if (size !== IN_FIELD) return size;
  const view = new DataView(extra.buffer, extra.byteOffset, extra.length);
  for (let at = 0; at + 4 <= extra.length;) {
    const length = view.getUint16(at + 2, true);
    // Before it stands the length of what it unpacks to, if that is told here, too.
    const place = at + 4 + (header.getUint32(22, true) === IN_FIELD ? 8 : 0);
    const isSizes = view.getUint16(at, true) === SIZES_FIELD;
    if (isSizes && place + 8 <= extra.length) {
      return Number(view.getBigUint64(place, true));
    }
    at += 4 + length;
  }
  throw new PackingError("A file in a zip has no length");
}

/** Passes over what is neither the header of a file nor of a directory. */
async function skipToMark(source: ByteStream): Promise<number | undefined> {
  while (true) {
    const bytes = await source.read();
    if (bytes === null) return undefined;
    const start = bytes.indexOf(0x50);
    if (start === -1) continue;
    source.unread(bytes.subarray(start));
    const head = await source.peek(HEADER_BYTES);
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    const mark = head.length < 4 ? 0 : view.getUint32(0, true);
    if (DIRECTORY.has(mark) || isHeader(head)) return mark;
    // Nothing that begins before the next `P` can be one.
    const next = head.indexOf(0x50, 1);
    await source.take(next === -1 ? head.length : next);
  }
}

/** Whether a file's header stands there, rather than four bytes that are like it. */
function isHeader(head: Uint8Array): boolean {
  if (head.length < HEADER_BYTES) return false;
  const view = new DataView(head.buffer, head.byteOffset, HEADER_BYTES);
  return view.getUint32(0, true) === LOCAL_HEADER &&
    (view.getUint16(4, true) & 0xff) <= MAX_VERSION &&
    view.getUint16(8, true) <= MAX_METHOD;
}
