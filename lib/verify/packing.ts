import type { ByteStream } from "./byte_stream.ts";
import { gitObjects } from "./git_pack.ts";
import { inflate, PackingError } from "./inflate.ts";
import { zipMembers } from "./zip.ts";
import { unzstd } from "./zstd.ts";

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
  if (a === 0x1f && b === 0x8b && c === 8) return "gzip";
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return "zstd";
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

/** The members of a gzip, one behind the other, as RFC 1952 has them. */
async function* gunzip(source: ByteStream): AsyncGenerator<Uint8Array> {
  for (let head = await source.peek(3); packingOf(head) === "gzip";) {
    await skipGzipHeader(source);
    yield* inflate("deflate", source);
    await source.take(8); // checksum and length: what they say is no secret
    head = await source.peek(3);
  }
}

async function skipGzipHeader(source: ByteStream): Promise<void> {
  const header = await source.take(10);
  const flags = header[3] ?? 0;
  if ((flags & 4) !== 0) {
    const [low = 0, high = 0] = await source.take(2);
    await source.take(low + 256 * high);
  }
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue;
    let last: Uint8Array;
    do last = await source.take(1); while (last.length > 0 && last[0] !== 0);
  }
  if ((flags & 2) !== 0) await source.take(2);
  if (header.length < 10) throw new PackingError("It ends in its header");
}
