import { ByteStream } from "../../lib/streams/byte_stream.ts";

/** A source of these bytes, in pieces of so many. */
export function sourceOf(
  bytes: Uint8Array,
  size: number = 1 << 20,
): ByteStream {
  let at = 0;
  return new ByteStream(() => {
    const piece = bytes.slice(at, at + size);
    at += size;
    return Promise.resolve(piece.length === 0 ? null : piece);
  });
}

/** All bytes of these pieces. */
export async function bytesOf(
  pieces: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const all = await Array.fromAsync(pieces);
  return Uint8Array.from(all.flatMap((piece) => [...piece]));
}

/** What is left in a source. */
export async function restOf(source: ByteStream): Promise<Uint8Array> {
  return await bytesOf(source.chunks());
}
