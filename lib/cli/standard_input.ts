import { HEAD_BYTES, readHead } from "../imagebuild/context/tar_head.ts";
import { ByteStream } from "../streams/byte_stream.ts";
import { UsageError } from "./exit.ts";

/** What was found on standard input. */
export interface StandardInput {
  /** A tar, packed or not, or a Dockerfile alone. */
  readonly kind: "tar" | "Dockerfile";
  /** All of its bytes. */
  readonly stream: ReadableStream<Uint8Array>;
}

/**
 * Standard input; it fails when the signal aborts, also while somebody still
 * thinks about what to type.
 */
export function readStdin(signal: AbortSignal): ReadableStream<Uint8Array> {
  return Deno.stdin.readable.pipeThrough(new TransformStream(), { signal });
}

/**
 * Reads the first bytes, which tell what it is.
 *
 * @throws {UsageError} If it is nothing to build from.
 */
export async function sortStdin(signal: AbortSignal): Promise<StandardInput> {
  const reader = readStdin(signal).getReader();
  const bytes = ByteStream.of(reader);
  const head = await bytes.peek(HEAD_BYTES);
  const stream = bytes.stream((reason) => reader.cancel(reason));
  const { kind, fault } = readHead(head, { text: true, zstd: false });
  if (fault !== undefined) throw new UsageError(`standard input ${fault}`);
  return { kind: kind === "other" ? "Dockerfile" : "tar", stream };
}
