import { ProtocolError } from "../errors.ts";
import { hasTarChecksum, tarField } from "../streams/tar_block.ts";
import { paxNumber, paxRecords, tarNumber } from "../streams/tar_numbers.ts";
import { HEADERS_ONLY, MAX_EXTENDED_BYTES } from "../streams/tar_pieces.ts";
import type { ByteStream } from "../streams/byte_stream.ts";

const BLOCK = 512;

/** A file, folder or link in an archive. */
export interface TarEntry {
  /** The path in the archive. */
  readonly path: string;
  /** The target of a link; empty if the entry is not a link. */
  readonly link: string;
  /** Length of its content in bytes. */
  readonly size: number;
  /**
   * The entry's header, and the extended headers before it, with names and
   * attributes.
   */
  readonly headers: readonly Uint8Array[];
  /** The content; the part that is not read is skipped. */
  readonly content: ByteStream;
}

/** The content is not a valid tar. */
export class NotTarError extends ProtocolError {}

/**
 * Whether these are the first bytes of a tar, also of one in the old format
 * without a magic number.
 */
export function isTar(head: Uint8Array): boolean {
  return head.length >= BLOCK && head[0] !== 0 && hasTarChecksum(head);
}

/**
 * Reads a tar entry by entry, with GNU's long names and PAX records. Bytes
 * after its end are left in the source.
 *
 * @param seePadding Called with the bytes that fill the last block after a
 * content.
 * @throws {NotTarError} If it is not a tar, or ends too early.
 */
export async function* tarEntries(
  source: ByteStream,
  seePadding: (path: string, bytes: Uint8Array) => void = () => {},
): AsyncGenerator<TarEntry, void, undefined> {
  let headers: Uint8Array[] = [];
  let path: string | undefined;
  let link: string | undefined;
  let paxSize: number | undefined;
  while (true) {
    const header = await source.take(BLOCK);
    if (header.length === 0 || header.every((byte) => byte === 0)) return;
    if (header.length < BLOCK) throw cut();
    if (!hasTarChecksum(header)) {
      throw new NotTarError("An archive has a header with a wrong checksum");
    }
    headers.push(header);
    const type = String.fromCharCode(header[156]!);
    if ("xgLK".includes(type)) {
      const length = sizeOf(header);
      if (length > MAX_EXTENDED_BYTES) {
        throw new NotTarError("An archive has an extended header without end");
      }
      const bytes = await source.take(length);
      if (bytes.length < length) throw cut();
      headers.push(bytes, await takePadding(source, length));
      if (type === "L") path = tarField(bytes, 0, bytes.length);
      else if (type === "K") link = tarField(bytes, 0, bytes.length);
      else if (type === "x") {
        const fields = paxRecords(bytes);
        if (fields === undefined) {
          throw new NotTarError(
            "An archive has an extended header of no records",
          );
        }
        path = fields.get("path") ?? path;
        link = fields.get("linkpath") ?? link;
        paxSize = paxNumber(fields.get("size") ?? "") ?? paxSize;
      }
      continue;
    }
    const size = HEADERS_ONLY.includes(type) ? 0 : paxSize ?? sizeOf(header);
    const prefix = tarField(header, 345, 155);
    const name = tarField(header, 0, 100);
    const ownPath = path ??
      (prefix === "" || type === "S" ? name : `${prefix}/${name}`);
    if (type === "S") {
      for await (const map of sparseMaps(source, header)) {
        seePadding(ownPath, map);
      }
    }
    const content = source.limited(size, cut);
    yield {
      path: ownPath,
      link: link ?? tarField(header, 157, 100),
      size,
      headers,
      content,
    };
    await content.drain();
    seePadding(ownPath, await takePadding(source, size));
    [headers, path, link, paxSize] = [[], undefined, undefined, undefined];
  }
}

/** Further maps of a sparse file (GNU), which do not fit into the header. */
async function* sparseMaps(
  source: ByteStream,
  header: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  let more = header[482] !== 0;
  while (more) {
    const block = await source.take(BLOCK);
    if (block.length < BLOCK) throw cut();
    more = block[504] !== 0;
    yield block;
  }
}

async function takePadding(
  source: ByteStream,
  size: number,
): Promise<Uint8Array> {
  const length = (BLOCK - size % BLOCK) % BLOCK;
  const bytes = await source.take(length);
  if (bytes.length < length) throw cut();
  return bytes;
}

function sizeOf(header: Uint8Array): number {
  const size = tarNumber(header.subarray(124, 136));
  if (size !== undefined) return size;
  throw new NotTarError("An archive has a header without a size");
}

function cut(): NotTarError {
  return new NotTarError("An archive ends in the middle of an entry");
}
