import { deflateSync } from "node:zlib";
import { concatBytes } from "../../lib/streams/bytes.ts";

/** Kinds of objects, by their number in a pack. */
export type GitKind = 1 | 2 | 3 | 6 | 7;

/** Git's pack of these objects; with a checksum that nobody compares here. */
export function gitPackOf(
  objects: readonly (readonly [kind: GitKind, bytes: Uint8Array])[],
): Uint8Array {
  let pack: Uint8Array = new TextEncoder().encode("PACK");
  const header = new Uint8Array(8);
  new DataView(header.buffer).setUint32(0, 2);
  new DataView(header.buffer).setUint32(4, objects.length);
  pack = concatBytes(pack, header);
  for (const [kind, bytes] of objects) {
    const head = [kind << 4 | bytes.length & 15];
    for (let size = bytes.length >> 4; size > 0; size >>= 7) {
      head[head.length - 1]! |= 0x80;
      head.push(size & 0x7f);
    }
    if (kind === 6) head.push(0x81, 0x02);
    if (kind === 7) head.push(...new Uint8Array(20).fill(0xff));
    pack = concatBytes(pack, Uint8Array.from(head));
    pack = concatBytes(pack, deflateSync(bytes));
  }
  return concatBytes(pack, new Uint8Array(20).fill(0x5a));
}
