import type { ByteStream } from "../streams/byte_stream.ts";
import { inflate, PackingError } from "./inflate.ts";
import type { Member } from "./member.ts";

const OFFSET_DELTA = 6;
const REF_DELTA = 7;
const DIGEST_BYTES = 20;
const SHA256_BYTES = 32;

/**
 * The objects of a git pack, in their order; a delta is returned as it is in
 * the pack, with the bytes that it adds (gitformat-pack).
 *
 * @throws {PackingError} If it is damaged.
 */
export async function* gitObjects(source: ByteStream): AsyncGenerator<Member> {
  const header = await source.take(12);
  if (header.length < 12) throw new PackingError("A pack ends in its header");
  const count = new DataView(header.buffer, header.byteOffset).getUint32(8);
  for (let i = 0; i < count; i++) {
    let byte = await takeByte(source);
    const kind = (byte >> 4) & 7;
    while ((byte & 0x80) !== 0) byte = await takeByte(source);
    if (kind === REF_DELTA) await source.take(DIGEST_BYTES);
    else if (kind === OFFSET_DELTA) {
      do byte = await takeByte(source); while ((byte & 0x80) !== 0);
    }
    yield { name: "", content: inflate("zlib", source) };
  }
  // The digest of the pack; in a repository with SHA-256 it is longer.
  const digest = await source.take(DIGEST_BYTES);
  if (digest.length < DIGEST_BYTES) {
    throw new PackingError("A pack ends before its digest");
  }
  const rest = await source.peek(SHA256_BYTES - DIGEST_BYTES + 1);
  if (rest.length === SHA256_BYTES - DIGEST_BYTES) {
    await source.take(rest.length);
  }
}

async function takeByte(source: ByteStream): Promise<number> {
  const [byte] = await source.take(1);
  if (byte === undefined) throw new PackingError("A pack ends in an object");
  return byte;
}
