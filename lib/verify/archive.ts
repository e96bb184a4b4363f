import { ByteStream } from "../streams/byte_stream.ts";
import type { ContentReader } from "./content.ts";
import { PackingError } from "./inflate.ts";
import { type Packing, packingOf, unpack } from "./packing.ts";
import { isTar, NotTarError, tarEntries } from "./tar_entries.ts";

/**
 * The longest JSON document that is read whole, and the limit for all of them
 * together, in bytes.
 */
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;
const MAX_DOCUMENTS_BYTES = 64 * 1024 * 1024;

/** The documents and links of an archive. */
export interface Documents {
  /** The archive's JSON files by name; they have not been searched yet. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The targets of the archive's links, by the links' names. */
  readonly links: ReadonlyMap<string, string>;
}

/**
 * Searches an archive: an image as engines save it or exporters write it, or a
 * root file system. A file in it that is itself an archive, compressed or not,
 * is searched as a layer.
 *
 * @throws {NotTarError} If it is not an archive.
 */
export async function readArchive(
  source: ByteStream,
  reader: ContentReader,
): Promise<Documents> {
  const files = new Map<string, Uint8Array>();
  const links = new Map<string, string>();
  let room = MAX_DOCUMENTS_BYTES;
  const seePadding = (path: string, bytes: Uint8Array) =>
    reader.padding("", path, bytes);
  for await (const entry of tarEntries(source, seePadding)) {
    const { content, size } = entry;
    const name = entry.path.replace(/^(\.?\/)+/, "");
    reader.headers("", entry);
    if (entry.link !== "") links.set(name, besides(name, entry.link));
    const [first] = await content.peek(1);
    const isDocument = first === 0x7b || first === 0x5b;
    if (isDocument && size <= Math.min(MAX_DOCUMENT_BYTES, room)) {
      const head = await content.peek(512);
      if (!isTar(head)) {
        const earlier = files.get(name);
        // Of two files with the same name the later one is used as the
        // document; the earlier one is searched, too.
        if (earlier !== undefined) reader.bytes(name, earlier);
        files.set(name, await content.take(size));
        room -= size;
        continue;
      }
    }
    await readBlob(name, content, reader);
  }
  await reader.behind({ blob: "", part: "file", path: "" }, source);
  return { files, links };
}

/**
 * Opens a tar, compressed or not, for reading its entries; undefined if it is
 * not a tar.
 */
export async function openArchive(
  source: ByteStream,
): Promise<ByteStream | undefined> {
  if (isArchive(await source.peek(512))) return source;
  const packing = layerPacking(await source.peek(4));
  if (packing === undefined) return undefined;
  const unpacked = unpackedStream(packing, source);
  return isArchive(await unpacked.peek(512)) ? unpacked : undefined;
}

/** Whether it is a tar; an empty one begins with a block of zeros. */
function isArchive(head: Uint8Array): boolean {
  return isTar(head) || head.length === 512 && head.every((byte) => byte === 0);
}

async function readBlob(
  name: string,
  content: ByteStream,
  reader: ContentReader,
): Promise<void> {
  if (isTar(await content.peek(512))) {
    return await readLayer(name, content, reader);
  }
  const packing = layerPacking(await content.peek(4));
  const place = { blob: name, part: "file", path: "" } as const;
  if (packing === undefined) return await reader.file(place, content);
  const { finds } = reader;
  const from = finds.finds.length;
  const packed = finds.scan(place);
  const seen = content.tapped((bytes) => packed.push(bytes));
  let isLayer = false;
  try {
    const unpacked = unpackedStream(packing, seen);
    isLayer = isTar(await unpacked.peek(512));
    if (isLayer) await readLayer(name, unpacked, reader);
    else await reader.file({ ...place, packed: packing }, unpacked);
    await reader.trailer(place, seen);
  } catch (error) {
    if (!(error instanceof PackingError)) throw error;
    reader.damaged(name, "");
  }
  try {
    await seen.drain();
  } finally {
    const known = new Set(finds.finds.slice(from).map(({ value }) => value));
    const inFiles = finds.finds.length;
    packed.end();
    // The compressed bytes of a layer are searched, too: incompressible content
    // is in them as it is. What was found in the files already is not reported
    // again.
    if (isLayer) finds.keepFrom(inFiles, ({ value }) => !known.has(value));
  }
}

async function readLayer(
  blob: string,
  source: ByteStream,
  reader: ContentReader,
): Promise<void> {
  try {
    const seePadding = (path: string, bytes: Uint8Array) =>
      reader.padding(blob, path, bytes);
    for await (const entry of tarEntries(source, seePadding)) {
      reader.headers(blob, entry);
      const place = { blob, part: "file", path: entry.path } as const;
      await reader.file(place, entry.content);
    }
  } catch (error) {
    // If the archive around this one also ends too early, it fails by itself
    // later.
    if (!(error instanceof NotTarError)) throw error;
    reader.damaged(blob, "");
  }
  await reader.behind({ blob, part: "file", path: "" }, source);
}

/** How a layer is compressed; undefined if it is not. */
function layerPacking(head: Uint8Array): Packing | undefined {
  const packing = packingOf(head);
  return packing === "gzip" || packing === "zstd" ? packing : undefined;
}

/** The content of a compressed stream that holds a single thing. */
function unpackedStream(packing: Packing, source: ByteStream): ByteStream {
  const members = unpack(packing, source)[Symbol.asyncIterator]();
  let content: AsyncIterator<Uint8Array> | undefined;
  return new ByteStream(async () => {
    content ??= (await members.next()).value?.content[Symbol.asyncIterator]();
    const next = await content?.next();
    return next === undefined || next.done ? null : next.value;
  });
}

/** The target of a link, as a name in the archive. */
function besides(name: string, target: string): string {
  const path = new URL(target, `file:///${name}`).pathname.slice(1);
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a name that is no UTF-8 leads nowhere here
  }
}
