import { concatBytes } from "../streams/bytes.ts";
import { ByteStream } from "../streams/byte_stream.ts";
import { inflate, PackingError } from "./inflate.ts";

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;

const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;

/**
 * Whether content begins with a zstd frame, or with a skippable one, as pzstd
 * writes it.
 */
export function isZstd([a = 0, b, c, d]: Uint8Array): boolean {
  return a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd ||
    (a & 0xf0) === 0x50 && b === 0x2a && c === 0x4d && d === 0x18;
}

/**
 * The content of zstd frames that follow each other (RFC 8878, section 3). Each
 * frame is unpacked by itself, because Deno's node:zlib stops after the first
 * one.
 *
 * @throws {PackingError} If a frame is damaged.
 */
export async function* unzstd(
  source: ByteStream,
): AsyncGenerator<Uint8Array, void, undefined> {
  while (true) {
    const head = await source.peek(8);
    if (head.length < 8) return;
    const view = new DataView(head.buffer, head.byteOffset, 8);
    const magic = view.getUint32(0, true);
    // A skippable frame has any value in the last four bits of its mark.
    if ((magic & ~0xf) >>> 0 === SKIPPABLE) {
      await source.take(8);
      await source.limited(view.getUint32(4, true), cut).drain();
      continue;
    }
    if (magic !== MAGIC) return;
    const pieces = piecesOf(source);
    const frame = ByteStream.from(pieces);
    yield* inflate("zstd", frame);
    await frame.drain();
  }
}

/** The bytes of one frame, from its header to its checksum. */
async function* piecesOf(
  source: ByteStream,
): AsyncGenerator<Uint8Array, void, undefined> {
  const start = await exactly(source, 5);
  const descriptor = start[4]!;
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const rest = (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes;
  yield concatBytes(start, await exactly(source, rest));
  for (let isLast = false; !isLast;) {
    const header = await exactly(source, 3);
    const word = header[0]! | header[1]! << 8 | header[2]! << 16;
    const type = (word >> 1) & 3;
    if (type === BLOCK_RESERVED) throw cut();
    isLast = (word & 1) === 1;
    const size = type === BLOCK_RLE ? 1 : word >> 3;
    yield concatBytes(header, await exactly(source, size));
  }
  if ((descriptor & 4) !== 0) yield await exactly(source, 4);
}

async function exactly(
  source: ByteStream,
  length: number,
): Promise<Uint8Array> {
  const bytes = await source.take(length);
  if (bytes.length < length) throw cut();
  return bytes;
}

function cut(): PackingError {
  return new PackingError("A frame of zstd's is damaged");
}
