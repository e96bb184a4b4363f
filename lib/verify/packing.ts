import type { ByteStream } from "./byte_stream.ts";
import { gitObjects } from "./git_pack.ts";
import { gunzip, isGzip } from "./gzip.ts";
import { inflate } from "./inflate.ts";
import { zipMembers } from "./zip.ts";
import { isZstd, unzstd } from "./zstd.ts";

/** A packing that is looked into. */
export type Packing =
  | "gzip"
  | "zstd"
  /** A stream of zlib's, as git keeps objects. */
  | "zlib"
  | "zip"
  /** Git's packs of objects. */
  | "git-pack";

/** One thing in packed content. */
export interface Member {
  /** Its name; empty where there is none. */
  readonly name: string;
  /** It, unpacked. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** How content is packed, by its first 4 bytes. */
export function packingOf(head: Uint8Array): Packing | undefined {
  const [a = 0, b = 0, c, d] = head;
  if (isGzip(head)) return "gzip";
  if (isZstd(head)) return "zstd";
  if (a === 0x50 && b === 0x4b && c === 3 && d === 4) return "zip";
  if (a === 0x50 && b === 0x41 && c === 0x43 && d === 0x4b) return "git-pack";
  // Deflate with a window of 32 KiB, and the check bits of RFC 1950.
  if (a === 0x78 && (a * 256 + b) % 31 === 0 && (b & 0x20) === 0) return "zlib";
  return undefined;
}

/** Whether a packing was told by enough bytes that damage to it is worth a word. */
export function isCertain(packing: Packing): boolean {
  return packing !== "zlib";
}

/**
 * Unpacks content, one thing after the other. Read each to its end before the
 * next. What comes behind the last is left in the source.
 *
 * @throws {PackingError} If it is damaged.
 * @throws Whatever the source throws.
 */
export function unpack(
  packing: Packing,
  source: ByteStream,
): AsyncIterable<Member> {
  switch (packing) {
    case "gzip":
      return one(gunzip(source));
    case "zstd":
      return one(unzstd(source));
    case "zlib":
      return one(inflate(packing, source));
    case "zip":
      return zipMembers(source);
    case "git-pack":
      return gitObjects(source);
  }
}

async function* one(
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Member> {
  yield await Promise.resolve({ name: "", content });
}
