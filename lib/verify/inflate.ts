import {
  constants,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import type { ByteStream } from "../streams/byte_stream.ts";

/** How one packed stream begins and ends: deflate with or without a header, or one frame of zstd's. */
export type Compression = "deflate" | "zlib" | "zstd";

/** Content that looked packed is not, is damaged, or is packed as this Deno knows not. */
export class PackingError extends Error {}

/** Bytes that one step unpacks at the most. */
const CHUNK_BYTES = 64 * 1024;

const MAKE = {
  // What was cut off is unpacked as far as it goes.
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
 * Unpacks what the source begins with, and leaves in it what comes behind.
 * Nothing is read ahead of a slow reader. By node:zlib, because a
 * `DecompressionStream` takes nothing behind its end, and no zstd.
 *
 * @throws {PackingError} If it is not packed so, is damaged, or if this Deno can't unpack it.
 * @throws Whatever the source throws.
 */
export async function* inflate(
  compression: Compression,
  source: ByteStream,
): AsyncGenerator<Uint8Array, void, undefined> {
  const engine = engineFor(compression);
  /** What was given, as far as it may not be taken yet. */
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
    // Before Deno 2.7.1 there is no zstd.
    throw new PackingError(`This Deno can't unpack ${compression}`, { cause });
  }
}

/** Where a chunk begins, counted from the first that was given. */
function startOf(
  chunks: readonly Uint8Array[],
  index: number,
  total: number,
): number {
  let at = total;
  for (let i = chunks.length - 1; i >= index; i--) at -= chunks[i]!.length;
  return at;
}
