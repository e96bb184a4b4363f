import { UnsupportedError } from "../../errors.ts";
import type { Secret } from "../../secrets/secret.ts";
import { ByteStream } from "../../streams/byte_stream.ts";
import { hasTarChecksum, tarChecksum } from "../../streams/tar_block.ts";

/** A context for podman that contains the secrets of its build. */
export interface PodmanContext {
  /** The tar, with a file for each secret before its own entries. */
  readonly tar: ReadableStream<Uint8Array>;
  /**
   * Value of the query parameter `secrets`: it tells podman which files are
   * secrets, and their ids.
   */
  readonly secrets: string;
}

const BLOCK = 512;

/**
 * Ids that fit into `id=ID,src=FILE`: podman reads other characters as
 * separators, or as Latin-1.
 */
const ID_REGEXP = /^(?!.*,)[!-~]+$/;

/**
 * Adds secrets to a context as files, for podman, which has no session over
 * which it could ask for them.
 *
 * Each secret becomes a file with mode 0600 and a random name at the top of the
 * context. Podman moves these files away before a step can copy them, and
 * mounts them where steps ask for them. They lie on the server's disk while it
 * builds, which is less safe than a session, so the caller must allow it.
 *
 * The context may be a plain tar or one in gzip, which is decompressed, because
 * no file can be put in front of compressed data. The names of the files are
 * always made here: podman joins them with a path without a check.
 *
 * @throws {UnsupportedError} If the context is no tar, or is compressed in
 * another way, or if an id has characters that podman can't read. The context
 * is then cancelled, and nothing of it was sent.
 */
export async function addPodmanSecrets(
  context: ReadableStream<Uint8Array>,
  secrets: Iterable<readonly [id: string, secret: Secret]>,
): Promise<PodmanContext> {
  const blocks: Uint8Array[] = [];
  const mounts: string[] = [];
  try {
    for (const [id, secret] of secrets) {
      checkId(id);
      const name = `davit-secret-${crypto.randomUUID().replaceAll("-", "")}`;
      const bytes = secret.reveal();
      blocks.push(
        fileHeader(name, bytes.length),
        bytes,
        new Uint8Array((BLOCK - bytes.length % BLOCK) % BLOCK),
      );
      mounts.push(`id=${id},src=${name}`);
    }
    return {
      tar: startingWith(blocks, await plainTar(context)),
      secrets: JSON.stringify(mounts),
    };
  } catch (error) {
    // It is given up either way, and may take its time.
    if (!context.locked) context.cancel(error).catch(() => {});
    throw error;
  }
}

function checkId(id: string): void {
  if (ID_REGEXP.test(id)) return;
  throw new UnsupportedError(
    "this secret's id",
    `Cannot build with secret ${
      JSON.stringify(id)
    } on podman: its ids have no space, no comma and only ASCII; use another id`,
  );
}

/**
 * A tar header (ustar) for a file that belongs to root, with mode 0600 and a
 * time of 0.
 */
function fileHeader(name: string, size: number): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const put = (text: string, at: number) =>
    header.set(new TextEncoder().encode(text), at);
  put(name, 0);
  put("0000600\0", 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  put(`${size.toString(8).padStart(11, "0")}\0`, 124);
  put("00000000000\0", 136);
  put("0", 156);
  put("ustar\x0000", 257);
  put(`${tarChecksum(header).toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/**
 * The context as a plain tar; its first block shows whether it is compressed.
 */
async function plainTar(
  context: ReadableStream<Uint8Array>,
): Promise<ReadableStream<Uint8Array>> {
  const reader = context.getReader();
  const bytes = ByteStream.of(reader);
  const head = await bytes.peek(BLOCK);
  const whole = bytes.stream((reason) => reader.cancel(reason));
  if (head[0] === 0x1f && head[1] === 0x8b) {
    return whole.pipeThrough(
      // The type of DecompressionStream accepts only bytes that are not shared.
      new DecompressionStream("gzip") as ReadableWritablePair<
        Uint8Array,
        Uint8Array
      >,
    );
  }
  if (isTarBlock(head)) return whole;
  const error = new UnsupportedError(
    "secrets beside such a context",
    "Cannot build with secrets on podman from this context: they become files in it, so it must be a tar, plain or compressed with gzip",
  );
  whole.cancel(error).catch(() => {}); // its failure would change nothing, so it is not awaited
  throw error;
}

/**
 * Whether it is a tar header with the right checksum, or the zeros that end a
 * tar.
 */
function isTarBlock(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  return hasTarChecksum(block) || block.every((byte) => byte === 0);
}

/**
 * A stream of these chunks and then of another stream, which is read only when
 * more is asked for.
 */
function startingWith(
  chunks: readonly Uint8Array[],
  rest: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  const reader = rest.getReader();
  const bytes = ByteStream.of(reader);
  for (const chunk of chunks.toReversed()) bytes.unread(chunk);
  return bytes.stream((reason) => reader.cancel(reason));
}
