import { HEAD_BYTES, readHead } from "../imagebuild/context/tar_head.ts";
import { concatBytes } from "../streams/bytes.ts";
import { unread } from "../streams/unread.ts";
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
  let head = new Uint8Array(0);
  while (head.length < HEAD_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    head = concatBytes(head, value);
  }
  const stream = unread(reader, head);
  const { kind, fault } = readHead(head, { text: true, zstd: false });
  if (fault !== undefined) throw new UsageError(`standard input ${fault}`);
  return { kind: kind === "other" ? "Dockerfile" : "tar", stream };
}
