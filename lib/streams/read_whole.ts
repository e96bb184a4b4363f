/** Bytes that come piece by piece: a web stream, or an iterator's. */
export type ByteChunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * All of a stream's bytes, which are held in memory: no more than so many. It
 * is cancelled where there are more, and where it fails.
 *
 * @param maxBytes How many there may be.
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

/** The same as text, read as UTF-8 while it comes. */
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
  // Leaving the loop cancels the stream.
  for await (const chunk of chunks) {
    left -= chunk.length;
    if (left < 0) throw tooLong();
    yield chunk;
  }
}
