import type { DockerClient } from "../../mod.ts";
import { sha256 } from "../support/digest.ts";

/** What is in the layers of an image, by path: everything that a tar tells of it. */
export type Listing = Map<string, string>;

const decoder = new TextDecoder();

/** What an archive of an image holds. */
export interface ArchivedImage {
  /** Its configuration, by OCI's names. */
  readonly config: {
    readonly created?: string;
    readonly config: Readonly<Record<string, unknown>>;
  };
  readonly files: Listing;
}

/** What is in an image of an engine. */
export async function imageListing(
  docker: DockerClient,
  image: string,
): Promise<Listing> {
  const archive = await new Response(await docker.imageSave(image)).bytes();
  return (await readArchive(archive)).files;
}

/** What is in an archive that `docker save`, or BuildKit's output `docker`, made. */
export async function readArchive(
  archive: Uint8Array<ArrayBuffer>,
): Promise<ArchivedImage> {
  const members = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { path, content } of tarEntries(archive)) {
    members.set(path, content);
  }
  const json = (path: string) => JSON.parse(decoder.decode(members.get(path)));
  const [manifest] = json("manifest.json");
  const files: Listing = new Map();
  for (const layer of manifest.Layers ?? []) {
    let bytes = members.get(layer)!;
    if (bytes[0] === 0x1f) {
      const plain = new Blob([bytes]).stream()
        .pipeThrough(new DecompressionStream("gzip"));
      bytes = await new Response(plain).bytes();
    }
    for (const entry of tarEntries(bytes)) {
      const { path, fields, content } = entry;
      files.set(path, `${fields} ${await sha256(content)}`);
    }
  }
  return { config: json(manifest.Config), files };
}

/** Entries of a tar in memory, PAX records obeyed. */
export function* tarEntries(
  tar: Uint8Array<ArrayBuffer>,
): Generator<
  { path: string; fields: string; content: Uint8Array<ArrayBuffer> }
> {
  let pax: Record<string, string> = {};
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const header = tar.subarray(at, at + 512);
    const text = (from: number, length: number) =>
      decoder.decode(header.subarray(from, from + length))
        .replace(/\0.*$/s, "");
    const number = (from: number, length: number) =>
      Number.parseInt(text(from, length).trim() || "0", 8);
    const size = Number(pax.size ?? number(124, 12));
    const content = tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
    const type = text(156, 1);
    if (type === "x" || type === "g") {
      if (type === "x") pax = paxRecords(content);
      continue;
    }
    const prefix = text(345, 155);
    const name = prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`;
    const seconds = Number(pax.mtime ?? number(136, 12));
    const fields = [
      type,
      number(100, 8).toString(8),
      number(108, 8),
      number(116, 8),
      size,
      // Below the millisecond, a client in Deno knows nothing.
      Math.floor(seconds * 1000 + 1e-6),
      number(329, 8),
      number(337, 8),
      Object.entries(pax).filter(([key]) => key.startsWith("SCHILY.")).join(),
      pax.linkpath ?? text(157, 100),
    ].join(" ");
    yield { path: pax.path ?? name, fields, content };
    pax = {};
  }
}

function paxRecords(bytes: Uint8Array): Record<string, string> {
  const records: Record<string, string> = {};
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(decoder.decode(bytes.subarray(at, space)));
    const record = decoder.decode(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf("=");
    records[record.slice(0, equals)] = record.slice(equals + 1);
    at += length;
  }
  return records;
}
