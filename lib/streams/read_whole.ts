/** Bytes in chunks: a web stream, or an iterable. */
export type ByteChunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Reads all bytes of a stream into memory. The stream is cancelled if it has
 * more than allowed, or if it fails.
 *
 * @param maxBytes How many bytes there may be.
 * @param tooLong Makes the error for more.
 */
export async function readBytes(
  chunks: ByteChunks,
  maxBytes: number,
  tooLong: () => Error,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: BlobPart[] = [];
  for await (const chunk of bounded(chunks, maxBytes, tooLong)) {
    parts.push(chunk as Uint8Array<ArrayBuffer>);
  }
  return await new Blob(parts).bytes();
}

/** Reads all bytes of a stream as UTF-8 text; see {@linkcode readBytes}. */
export async function readText(
  chunks: ByteChunks,
  maxBytes: number,
  tooLong: () => Error,
): Promise<string> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  for await (const chunk of bounded(chunks, maxBytes, tooLong)) {
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  parts.push(decoder.decode());
  return parts.join("");
}

async function* bounded(
  chunks: ByteChunks,
  maxBytes: number,
  tooLong: () => Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = maxBytes;
  // If this throws, the loop cancels the stream.
  for await (const chunk of chunks) {
    left -= chunk.length;
    if (left < 0) throw tooLong();
    yield chunk;
  }
}
