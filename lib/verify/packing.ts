import type { ByteStream } from "../streams/byte_stream.ts";
import { gitObjects } from "./git_pack.ts";
import { gunzip, isGzip } from "./gzip.ts";
import { inflate } from "./inflate.ts";
import type { Member } from "./member.ts";
import { zipMembers } from "./zip.ts";
import { isZstd, unzstd } from "./zstd.ts";

/** The formats of compressed content that are unpacked and searched. */
export type Packing =
  | "gzip"
  | "zstd"
  /** A zlib stream; git stores objects in this form. */
  | "zlib"
  | "zip"
  /** A git pack, which holds objects. */
  | "git-pack";

/**
 * The format of compressed content, by its first 8 bytes; undefined for other
 * content.
 */
export function packingOf(head: Uint8Array): Packing | undefined {
  const [a = 0, b = 0, c, d] = head;
  if (isGzip(head)) return "gzip";
  if (isZstd(head)) return "zstd";
  if (a === 0x50 && b === 0x4b && ZIP_MARKS.has(c! << 8 | d!)) return "zip";
  // Zips with something before them: programs of Python (`#!`), and modules of
  // Java.
  if (a === 0x23 && b === 0x21 || startsWith(head, "JM\x01\0")) return "zip";
  // The pack's version is 2 or 3.
  if (startsWith(head, "PACK\0\0\0") && (head[7]! & 0xfe) === 2) {
    return "git-pack";
  }
  // The method deflate with any window size, and right check bits (RFC 1950).
  const isZlib = (a & 0x8f) === 8 && (a * 256 + b) % 31 === 0;
  if (isZlib && (b & 0x20) === 0) return "zlib";
  return undefined;
}

/**
 * What may follow after `PK` at the beginning of a zip: a file; the mark of a
 * zip in several parts, or in a single part; a directory; the end of an empty
 * zip; a record of an archive.
 */
const ZIP_MARKS: ReadonlySet<number> = new Set([
  0x0304,
  0x0708,
  0x3030,
  0x0102,
  0x0506,
  0x0606,
  0x0608,
]);

/** The first bytes of formats that are not unpacked. */
const OTHER_MARKS: readonly string[] = [
  "BZh11AY&SY",
  "\xfd7zXZ\0",
  "7z\xbc\xaf\x27\x1c",
  "\x04\x22\x4d\x18", // lz4
  "\x02\x21\x4c\x18", // lz4, of old
  "\x89LZO\0\x0d\x0a\x1a\x0a",
  "LZIP\x01",
  "\xff\x06\0\0sNaPpY",
  "Rar!\x1a\x07",
  "MSCF\0\0\0\0",
  "hsqs",
  "sqsh",
  "xar!\0",
  "!<arch>\ndebian-binary",
  "\xed\xab\xee\xdb", // RPM
];

/** Whether content is compressed in a format that is not unpacked. */
export function isOtherPacking(head: Uint8Array): boolean {
  // Bzip2 has its level within the mark.
  const level = head[3] ?? 0;
  if (level > 0x31 && level <= 0x39 && startsWith(head, "BZh")) {
    return startsWith(head.subarray(4), "1AY&SY");
  }
  if (startsWith(head, "\x1f")) {
    // Two bytes are too few to be sure: the third one of `compress` holds the
    // number of bits.
    return head[1] === 0x9d && (head[2]! & 0x60) === 0 &&
      (head[2]! & 0x1f) >= 9 && (head[2]! & 0x1f) <= 16;
  }
  return OTHER_MARKS.some((mark) => startsWith(head, mark));
}

function startsWith(head: Uint8Array, mark: string): boolean {
  if (head.length < mark.length) return false;
  for (let i = 0; i < mark.length; i++) {
    if (head[i] !== mark.charCodeAt(i)) return false;
  }
  return true;
}

/**
 * Whether the format is recognised by enough bytes that damage to it should be
 * reported.
 */
export function isCertain(packing: Packing): boolean {
  return packing !== "zlib";
}

/**
 * Unpacks content. Each member must be read to its end before the next one.
 * What follows after the last one is left in the source.
 *
 * @throws {PackingError} If it is damaged.
 * @throws Errors of the source.
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
