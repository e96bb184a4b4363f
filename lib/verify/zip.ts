import { crc32 } from "node:zlib";
import type { ByteStream } from "../streams/byte_stream.ts";
import { inflate, PackingError } from "./inflate.ts";
import type { Member } from "./member.ts";

const LOCAL_HEADER = 0x04034b50;
/** The marks of a directory's entry, and of the directory's end. */
const DIRECTORY: ReadonlySet<number> = new Set([0x02014b50, 0x06054b50]);
/**
 * With this value in the header, the real size (4 GiB or more) is in an extra
 * field.
 */
const IN_FIELD = 0xffffffff;
const SIZES_FIELD = 1;

const HEADER_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
const HAS_DESCRIPTOR = 1 << 3;
const ENCRYPTED = 1;
/**
 * APPNOTE's versions go up to 6.3 so far, those of strong encryption up to 6.2.
 */
const MAX_VERSION = 63;
const MAX_METHOD = 99;

/**
 * The files of a zip in the order of their headers (APPNOTE 4.3), until the end
 * of the source: everything between two files is skipped, also a directory with
 * another zip after it. A file that is encrypted, or compressed with another
 * method, has no content. A file that is stored without a length is skipped; if
 * it is a zip itself, its files are returned.
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
    // The length comes after the file, so the next header is searched for.
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
 * Unpacks a deflated file, and compares the checksum: the format itself does
 * not show that a file was cut off.
 *
 * @param sum The checksum; undefined if it comes after the file.
 * @throws {PackingError} If the checksum is wrong or missing.
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
  // A data descriptor may begin with a mark before the checksum.
  const told = sum !== undefined
    ? [sum]
    : [0, 4].filter((at) => at + 4 <= next.length).map((at) =>
      view.getUint32(at, true)
    );
  if (!told.includes(own)) {
    throw new PackingError("A file in a zip is cut off, or its sum is wrong");
  }
}

/** The compressed length of a file; 0 if it comes after the file. */
function packedSize(header: DataView, extra: Uint8Array): number {
  const size = header.getUint32(18, true);
  if (size !== IN_FIELD) return size;
  const view = new DataView(extra.buffer, extra.byteOffset, extra.length);
  for (let at = 0; at + 4 <= extra.length;) {
    const length = view.getUint16(at + 2, true);
    // The uncompressed length comes first, if it is in this field, too.
    const place = at + 4 + (header.getUint32(22, true) === IN_FIELD ? 8 : 0);
    const isSizes = view.getUint16(at, true) === SIZES_FIELD;
    if (isSizes && place + 8 <= extra.length) {
      return Number(view.getBigUint64(place, true));
    }
    at += 4 + length;
  }
  throw new PackingError("A file in a zip has no length");
}

/** Skips to the next header of a file or a directory. */
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
    // A header can only begin at the next `P`.
    const next = head.indexOf(0x50, 1);
    await source.take(next === -1 ? head.length : next);
  }
}

/**
 * Whether this is the header of a file, and not just four bytes like its mark.
 */
function isHeader(head: Uint8Array): boolean {
  if (head.length < HEADER_BYTES) return false;
  const view = new DataView(head.buffer, head.byteOffset, HEADER_BYTES);
  return view.getUint32(0, true) === LOCAL_HEADER &&
    (view.getUint16(4, true) & 0xff) <= MAX_VERSION &&
    view.getUint16(8, true) <= MAX_METHOD;
}
