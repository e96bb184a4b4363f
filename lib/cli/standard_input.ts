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
  while (head.length < BLOCK_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    head = concatBytes(head, value);
  }
  const stream = unread(reader, head);
  if (head.length === 0) throw new UsageError("standard input is empty");
  if (startsWith(head, ZSTD)) {
    throw new UsageError(
      "standard input is packed with zstd, which engines can't unpack: pipe it through zstd -d",
    );
  }
  if (head.length >= BLOCK_BYTES && head.every((byte) => byte === 0)) {
    throw new UsageError("standard input is a tar without any file");
  }
  const isTar = PACKED.some((magic) => startsWith(head, magic)) ||
    isTarHeader(head);
  return { kind: isTar ? "tar" : "Dockerfile", stream };
}

const BLOCK_BYTES = 512;
/** gzip, bzip2 and xz, which engines unpack. */
const PACKED = [
  [0x1f, 0x8b],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a],
];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

/** The mark `ustar` came with POSIX; older tars have only a checksum to be known by. */
function isTarHeader(bytes: Uint8Array): boolean {
  const field = (from: number, to: number) =>
    new TextDecoder("latin1").decode(bytes.subarray(from, to));
  if (field(257, 262) === "ustar") return true;
  if (bytes.length < BLOCK_BYTES) return false;
  const [, told] = /^[\0 ]*([0-7]+)[\0 ]*$/.exec(field(148, 156)) ?? [];
  let sum = 0;
  for (let at = 0; at < BLOCK_BYTES; at++) {
    // The checksum's own field counts as spaces.
    sum += at >= 148 && at < 156 ? 0x20 : bytes[at]!;
  }
  return told !== undefined && Number.parseInt(told, 8) === sum;
}
