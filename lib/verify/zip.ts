import type { ByteStream } from "./byte_stream.ts";
import { inflate, PackingError } from "./inflate.ts";
import type { Member } from "./packing.ts";

const LOCAL_HEADER = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
const DIRECTORY = 0x02014b50;
const MARKS = [DESCRIPTOR, LOCAL_HEADER, DIRECTORY];
/** Sizes of 4 GiB and more are told in a field of their own. */
const IN_FIELD = 0xffffffff;
const SIZES_FIELD = 1;

const DEFLATED = 8;
const HAS_DESCRIPTOR = 1 << 3;
const ENCRYPTED = 1;

/**
 * The deflated files of a zip, in the order of their headers (APPNOTE 4.3).
 * Those that are stored as they are, encrypted or packed otherwise are passed
 * over; where such a file has no length, the next header is looked for.
 *
 * @throws {PackingError} If there is no way on to the next header.
 */
export async function* zipMembers(source: ByteStream): AsyncGenerator<Member> {
  while (true) {
    const header = await source.peek(30);
    if (header.length < 30) return;
    const view = new DataView(header.buffer, header.byteOffset, 30);
    if (view.getUint32(0, true) !== LOCAL_HEADER) return;
    await source.take(30);
    const flags = view.getUint16(6, true);
    const method = view.getUint16(8, true);
    const name = await source.take(view.getUint16(26, true));
    const extra = await source.take(view.getUint16(28, true));
    const size = packedSize(view, extra);
    const described = (flags & HAS_DESCRIPTOR) !== 0;
    if (method === DEFLATED && (flags & ENCRYPTED) === 0) {
      yield {
        name: new TextDecoder().decode(name),
        content: inflate("deflate", source),
      };
    } else if (described && size === 0) {
      await skipToMark(source);
      const next = await source.peek(4);
      // A descriptor without a mark was passed over with the file.
      if (!isMark(next, 0, DESCRIPTOR)) continue;
    } else {
      const cut = () => new PackingError("A zip ends in a file");
      await source.limited(size, cut).drain();
    }
    if (described) await skipDescriptor(source);
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

/**
 * Passes over a file without a length, to what follows it. In a zip that is
 * stored in the zip that is the header of a file in it, which does no harm.
 */
async function skipToMark(source: ByteStream): Promise<void> {
  while (true) {
    const bytes = await source.read();
    if (bytes === null) throw new PackingError("A zip ends in a file");
    const start = indexOfMark(bytes);
    if (start === -1) continue;
    source.unread(bytes.subarray(start));
    const head = await source.peek(4);
    if (head.length < 4) throw new PackingError("A zip ends in a file");
    if (MARKS.some((mark) => isMark(head, 0, mark))) return;
    await source.take(1);
  }
}

/** Where a mark begins, or may begin at the end. */
function indexOfMark(bytes: Uint8Array): number {
  let at = bytes.indexOf(0x50);
  while (at !== -1 && !MARKS.some((mark) => isMark(bytes, at, mark))) {
    at = bytes.indexOf(0x50, at + 1);
  }
  return at;
}

/** Whether a mark stands there, as far as the bytes go. */
function isMark(bytes: Uint8Array, at: number, mark: number): boolean {
  for (let i = 0; i < 4 && at + i < bytes.length; i++) {
    if (bytes[at + i] !== (mark >> 8 * i & 0xff)) return false;
  }
  return true;
}

/** Checksum and sizes behind a file: with a mark or without, of 4 bytes or 8. */
async function skipDescriptor(source: ByteStream): Promise<void> {
  const bytes = await source.peek(28);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const marked = bytes.length >= 4 && view.getUint32(0, true) === DESCRIPTOR;
  const start = marked ? 4 : 0;
  for (const length of [start + 12, start + 20]) {
    // The next header begins like all of zip's.
    if (bytes[length] === 0x50 && bytes[length + 1] === 0x4b) {
      await source.take(length);
      return;
    }
  }
  throw new PackingError("A zip has no header behind a file");
}
