import { tarHeader } from "../support/tar.ts";

/** A tar's header with something changed, and its checksum right again. */
export function changedHeader(
  header: Uint8Array,
  change: (bytes: Uint8Array) => void,
): Uint8Array {
  const bytes = header.slice();
  change(bytes);
  bytes.fill(0x20, 148, 156);
  const sum = bytes.reduce((sum, byte) => sum + byte, 0);
  bytes.set(
    new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `),
    148,
  );
  return bytes;
}

/** Bytes packed with gzip. */
export async function pack(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return await packStream(new Blob([bytes]).stream());
}

/** A packed tar of one file of zeros, and behind it one of a name. */
export async function packedTo(
  megabytes: number,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return await packStream(ReadableStream.from(function* () {
    yield tarHeader("zeros", megabytes * 2 ** 20);
    for (let i = 0; i < megabytes; i++) yield new Uint8Array(2 ** 20);
    yield tarHeader(name, 0);
    yield new Uint8Array(1024);
  }()) as ReadableStream<Uint8Array<ArrayBuffer>>);
}

async function packStream(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const packed = stream.pipeThrough(new CompressionStream("gzip"));
  return await new Response(packed).bytes();
}
