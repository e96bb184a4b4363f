import {
  constants,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import type { ByteStream } from "../streams/byte_stream.ts";

/**
 * The format of a compressed stream: deflate without a header, zlib (deflate
 * with one), or one frame of zstd.
 */
export type Compression = "deflate" | "zlib" | "zstd";

/**
 * Content that is not compressed as it seemed, is damaged, or is compressed in
 * a way that this Deno does not know.
 */
export class PackingError extends Error {}

/** How many bytes one step unpacks at the most. */
const CHUNK_BYTES = 64 * 1024;

const MAKE = {
  // With this flush a stream that is cut off is unpacked as far as possible.
  deflate: () =>
    createInflateRaw({
      chunkSize: CHUNK_BYTES,
      finishFlush: constants.Z_SYNC_FLUSH,
    }),
  zlib: () =>
    createInflate({
      chunkSize: CHUNK_BYTES,
      finishFlush: constants.Z_SYNC_FLUSH,
    }),
  zstd: () => createZstdDecompress({ chunkSize: CHUNK_BYTES }),
} satisfies Record<Compression, unknown>;

/**
 * Unpacks the stream at the beginning of the source, and leaves the bytes after
 * it in the source. It reads no further ahead than the unpacked bytes are read.
 * It uses node:zlib, because a `DecompressionStream` fails if bytes follow
 * after its end, and does not know zstd.
 *
 * @throws {PackingError} If the source is not compressed in this format, is
 * damaged, or if this Deno can't unpack it.
 * @throws Errors of the source.
 */
export async function* inflate(
  compression: Compression,
  source: ByteStream,
): AsyncGenerator<Uint8Array, void, undefined> {
  const engine = engineFor(compression);
  /**
   * The chunks that were given to zlib and that it may not have used up yet.
   */
  let given: Uint8Array[] = [];
  let total = 0;
  let over = false;
  let failure: { error: unknown } | undefined;
  const feeding = (async () => {
    try {
      while (!over) {
        const bytes = await source.read();
        if (bytes === null) break;
        given = given.filter((chunk, index) =>
          startOf(given, index, total) + chunk.length > engine.bytesWritten
        );
        given.push(bytes);
        total += bytes.length;
        await new Promise<void>((resolve) => {
          engine.once("close", resolve);
          engine.write(bytes, () => {
            engine.off("close", resolve);
            resolve();
          });
        });
      }
      if (!engine.destroyed) engine.end();
    } catch (error) {
      failure = { error };
      engine.destroy();
    }
  })();
  try {
    for await (const bytes of engine) yield bytes as Uint8Array;
  } catch (cause) {
    if (failure !== undefined) throw failure.error;
    throw new PackingError(`It can't be unpacked as ${compression}`, { cause });
  } finally {
    over = true;
    engine.destroy();
    await feeding;
    if (failure === undefined) {
      let rest = total - engine.bytesWritten;
      for (const chunk of given.reverse()) {
        const part = Math.min(rest, chunk.length);
        source.unread(chunk.subarray(chunk.length - part));
        rest -= part;
      }
    }
  }
}

function engineFor(compression: Compression) {
  try {
    return MAKE[compression]();
  } catch (cause) {
    // Deno has zstd from 2.7.1 on.
    throw new PackingError(`This Deno can't unpack ${compression}`, { cause });
  }
}

/** The position at which a chunk begins in all bytes that were given. */
function startOf(
  chunks: readonly Uint8Array[],
  index: number,
  total: number,
): number {
  let at = total;
  for (let i = chunks.length - 1; i >= index; i--) at -= chunks[i]!.length;
  return at;
}
