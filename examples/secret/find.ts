/** What {@linkcode findInImage} found. */
export interface Finding {
  /** Whether the bytes are somewhere in it. */
  readonly found: boolean;
  /** How many bytes were looked at, with compressed layers unpacked. */
  readonly size: number;
}

const BLOCK = 512;

/**
 * Looks for `bytes` in a saved image: in every file of the archive, and in
 * layers that are compressed with gzip also behind the compression.
 */
export async function findInImage(
  image: ReadableStream<Uint8Array>,
  bytes: Uint8Array,
): Promise<Finding> {
  const archive = await new Response(
    image as ReadableStream<Uint8Array<ArrayBuffer>>,
  )
    .bytes();
  let found = contains(archive, bytes);
  let size = archive.length;
  for (const file of filesOf(archive)) {
    if (file[0] !== 0x1f || file[1] !== 0x8b) continue;
    const plain = await new Response(
      ReadableStream.from([file]).pipeThrough(new DecompressionStream("gzip")),
    ).bytes();
    found ||= contains(plain, bytes);
    size += plain.length;
  }
  return { found, size };
}

function* filesOf(
  archive: Uint8Array<ArrayBuffer>,
): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at + BLOCK <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK);
    const octal = new TextDecoder().decode(header.subarray(124, 135)).trim();
    const length = parseInt(octal, 8) || 0;
    at += BLOCK;
    yield archive.subarray(at, at + length);
    at += Math.ceil(length / BLOCK) * BLOCK;
  }
}

function contains(haystack: Uint8Array, needle: Uint8Array): boolean {
  const first = needle[0]!;
  for (
    let at = haystack.indexOf(first);
    at !== -1;
    at = haystack.indexOf(first, at + 1)
  ) {
    if (needle.every((byte, i) => haystack[at + i] === byte)) return true;
  }
  return false;
}
