import { TarEnd } from "../../streams/tar_end.ts";
import { ByteStream } from "../../streams/byte_stream.ts";
import { PackingError } from "../../verify/inflate.ts";
import { packingOf, unpack } from "../../verify/packing.ts";

/** A context that can't be unpacked; the message says why. */
export class PackedContextError extends Error {
  /** Always `PackedContextError`. */
  override readonly name: string = "PackedContextError";
}

/** A context for the classic builder. */
export interface ClassicContext {
  /** A tar up to its end, and nothing behind it. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Settles when the caller's stream has been read to its end, which goes on
   * behind the tar's; rejects with what that stream fails with.
   */
  readonly whole: Promise<void>;
  /** What `body` failed with, if it did. */
  readonly failure: unknown;
}

/**
 * Cuts a context where its tar ends.
 *
 * The classic builder stops reading there. An engine sees that a client hangs
 * up only when it has read the request to its end, and lets go of 256 KiB at
 * the most (Go's `net/http`, `maxPostHandlerReadBytes`): with more behind the
 * tar, nothing stops the build any more. A tar in gzip or zstd is unpacked,
 * because where it ends can't be told otherwise.
 *
 * @param strict Whether a packing that can't be looked into (bzip2, xz) is
 * refused with an {@linkcode PackedContextError}; it passes as it is otherwise.
 */
export function classicContext(
  context: ReadableStream<Uint8Array>,
  strict: boolean,
): ClassicContext {
  const reader = context.getReader();
  const source = ByteStream.of(reader);
  let failure: unknown;
  const whole = Promise.withResolvers<void>();
  whole.promise.catch(() => {}); // it is for those who ask
  const drain = async () => {
    try {
      await source.drain();
      whole.resolve();
    } catch (error) {
      whole.reject(error);
    }
  };
  const pieces = untilEnd(source, strict);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = await pieces.next();
        if (!done) {
          return controller.enqueue(value as Uint8Array<ArrayBuffer>);
        }
        controller.close();
        drain();
      } catch (cause) {
        const error = cause instanceof PackingError
          ? new PackedContextError("the context's packing is damaged", {
            cause,
          })
          : cause;
        failure = error;
        whole.reject(error);
        throw error;
      }
    },
    async cancel(reason) {
      whole.reject(reason);
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return {
    body,
    whole: whole.promise,
    get failure() {
      return failure;
    },
  };
}

async function* untilEnd(
  source: ByteStream,
  strict: boolean,
): AsyncGenerator<Uint8Array> {
  const head = await source.peek(6);
  const packing = packingOf(head);
  if (packing === "gzip" || packing === "zstd") {
    for await (const { content } of unpack(packing, source)) {
      if (content !== undefined) yield* cut(content);
    }
    return;
  }
  if (!isPacked(head)) {
    yield* cut(source.chunks());
    return;
  }
  if (strict) {
    throw new PackedContextError(
      "the classic builder gets a tar as it is here, or in gzip or zstd",
    );
  }
  yield* source.chunks();
}

async function* cut(
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const end = new TarEnd();
  for await (const bytes of content) {
    const length = end.push(bytes);
    if (length > 0) yield bytes.subarray(0, length);
    if (end.ended) return;
  }
}

/** Whether an engine unpacks it: bzip2 and xz. */
function isPacked([a, b, c, d, e, f]: Uint8Array): boolean {
  return a === 0x42 && b === 0x5a && c === 0x68 ||
    a === 0xfd && b === 0x37 && c === 0x7a && d === 0x58 && e === 0x5a &&
      f === 0;
}
