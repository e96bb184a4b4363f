import { TarEnd } from "../../streams/tar_end.ts";
import { ByteStream } from "../../streams/byte_stream.ts";
import { passOn } from "../../streams/pass_on.ts";
import { PackingError } from "../../verify/inflate.ts";
import { packingOf, unpack } from "../../verify/packing.ts";

/** A compressed context that can't be decompressed; the message says why. */
export class PackedContextError extends Error {
  /** Always `PackedContextError`. */
  override readonly name: string = "PackedContextError";
}

/** A context for the classic builder. */
export interface ClassicContext {
  /** The tar up to its end, without the bytes after it. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Resolves when the caller's stream has been read to its end, the bytes after
   * the tar included; rejects with the error of that stream.
   */
  readonly whole: Promise<void>;
  /** The error that `body` failed with; undefined if it did not fail. */
  readonly failure: unknown;
}

/**
 * Cuts a context at the end of its tar.
 *
 * The classic builder reads no further than that. An engine notices that a
 * client hangs up only after it has read the whole request, and after the
 * builder it reads at most 256 KiB of the rest (Go's `net/http`,
 * `maxPostHandlerReadBytes`): with more bytes than that behind the tar, a build
 * could not be stopped any more. A tar in gzip or zstd is decompressed, because
 * its end can't be found otherwise.
 *
 * @param strict Whether a tar in bzip2 or xz, which can't be decompressed here,
 * is refused with a {@linkcode PackedContextError}; otherwise it is passed on
 * whole.
 */
export function classicContext(
  context: ReadableStream<Uint8Array>,
  strict: boolean,
): ClassicContext {
  const reader = context.getReader();
  const source = ByteStream.of(reader);
  let failure: unknown;
  const whole = Promise.withResolvers<void>();
  whole.promise.catch(() => {}); // no unhandled rejection if nobody awaits it
  const pieces = untilEnd(source, strict);
  const { stream: body } = passOn<Uint8Array>({
    read: () => pieces.next(),
    cancel(reason) {
      whole.reject(reason);
      return reader.cancel(reason);
    },
  }, {
    onEnd: () => void source.drain().then(whole.resolve, whole.reject),
    onFailure(cause) {
      failure = cause instanceof PackingError
        ? new PackedContextError("the context's packing is damaged", { cause })
        : cause;
      whole.reject(failure);
      return failure;
    },
  });
  return {
    body: body as ReadableStream<Uint8Array<ArrayBuffer>>,
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

/**
 * Whether these are the first bytes of bzip2 or xz, which engines decompress
 * and davit does not.
 */
function isPacked([a, b, c, d, e, f]: Uint8Array): boolean {
  return a === 0x42 && b === 0x5a && c === 0x68 ||
    a === 0xfd && b === 0x37 && c === 0x7a && d === 0x58 && e === 0x5a &&
      f === 0;
}
