import { crc32, deflateRawSync } from "node:zlib";
import { concatBytes } from "../../lib/streams/bytes.ts";

/** A file in a zip. */
export interface ZipFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** As it is; packed, with its length in front or behind. */
  readonly method: "stored" | "deflated" | "streamed";
}

/** A zip as a file of bytes, without its directory, which nobody reads here. */
export function zipOf(files: readonly ZipFile[]): Uint8Array {
  let zip: Uint8Array = new Uint8Array();
  for (const { name, bytes, method } of files) {
    const content = method === "stored" ? bytes : deflateRawSync(bytes);
    const path = new TextEncoder().encode(name);
    const header = new Uint8Array(30);
    const view = new DataView(header.buffer);
    view.setUint32(0, 0x04034b50, true);
    view.setUint16(6, method === "streamed" ? 8 : 0, true);
    view.setUint16(8, method === "stored" ? 0 : 8, true);
    if (method !== "streamed") {
      view.setUint32(14, crc32(bytes), true);
      view.setUint32(18, content.length, true);
    }
    view.setUint16(26, path.length, true);
    for (const part of [header, path, content]) zip = concatBytes(zip, part);
    if (method !== "streamed") continue;
    const descriptor = new Uint8Array(16);
    new DataView(descriptor.buffer).setUint32(0, 0x08074b50, true);
    new DataView(descriptor.buffer).setUint32(4, crc32(bytes), true);
    new DataView(descriptor.buffer).setUint32(8, content.length, true);
    zip = concatBytes(zip, descriptor);
  }
  const directory = new Uint8Array(46);
  new DataView(directory.buffer).setUint32(0, 0x02014b50, true);
  return concatBytes(zip, directory);
}
