import { HEAD_BYTES, readHead } from "../imagebuild/context/tar_head.ts";
import { ByteStream } from "../streams/byte_stream.ts";
import { UsageError } from "./exit.ts";

/** What standard input holds. */
export interface StandardInput {
  /** A tar (compressed or not), or a Dockerfile alone. */
  readonly kind: "tar" | "Dockerfile";
  /** All of its bytes, from the first one on. */
  readonly stream: ReadableStream<Uint8Array>;
}

/**
 * A stream of standard input. It fails when the signal aborts, also while it
 * waits for input.
 */
export function readStdin(signal: AbortSignal): ReadableStream<Uint8Array> {
  return Deno.stdin.readable.pipeThrough(new TransformStream(), { signal });
}

/**
 * Reads the first bytes of standard input to find out what it holds.
 *
 * @throws {UsageError} If it can't be built.
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
