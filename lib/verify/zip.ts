import type { ByteStream } from "./byte_stream.ts";
import { inflate, PackingError } from "./inflate.ts";
import type { Member } from "./packing.ts";

const LOCAL_HEADER = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
/** Sizes of 4 GiB and more are told elsewhere. */
const UNKNOWN = 0xffffffff;

const DEFLATED = 8;
const HAS_DESCRIPTOR = 1 << 3;
const ENCRYPTED = 1;

/**
 * The deflated files of a zip, in the order of their headers (APPNOTE 4.3).
 * Those that are stored as they are, encrypted or packed otherwise are passed
 * over.
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
    const size = view.getUint32(18, true);
    const name = await source.take(view.getUint16(26, true));
    await source.take(view.getUint16(28, true));
    const described = (flags & HAS_DESCRIPTOR) !== 0;
    if (method === DEFLATED && (flags & ENCRYPTED) === 0) {
      yield {
        name: new TextDecoder().decode(name),
        content: inflate("deflate", source),
      };
    } else if (size === UNKNOWN || (described && size === 0)) {
      throw new PackingError("A file in a zip has no length");
    } else {
      const cut = () => new PackingError("A zip ends in a file");
      await source.limited(size, cut).drain();
    }
    if (described) await skipDescriptor(source);
  }
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
