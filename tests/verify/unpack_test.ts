import { Buffer } from "node:buffer";
import {
  constants,
  crc32,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { concatBytes } from "../../lib/streams/bytes.ts";
import { ByteStream } from "../../lib/streams/byte_stream.ts";
import { gitObjects } from "../../lib/verify/git_pack.ts";
import { gunzip, isGzip } from "../../lib/verify/gzip.ts";
import { inflate, PackingError } from "../../lib/verify/inflate.ts";
import {
  isCertain,
  isOtherPacking,
  packingOf,
  unpack,
} from "../../lib/verify/packing.ts";
import type { Member } from "../../lib/verify/member.ts";
import { zipMembers } from "../../lib/verify/zip.ts";
import { isZstd, unzstd } from "../../lib/verify/zstd.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";
import { type GitKind, gitPackOf } from "./git_pack.ts";
import { bytesOf, restOf, sourceOf } from "./pieces.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const join = (...parts: Uint8Array[]) => parts.reduce(concatBytes);
const latin1 = (text: string) =>
  Uint8Array.from(text, (char) => char.charCodeAt(0));
/** `length` bytes, the lowest of the number first. */
const little = (value: number | bigint, length: number) =>
  Uint8Array.from(
    { length },
    (_, i) => Number(BigInt(value) >> BigInt(8 * i) & 0xffn),
  );
const SIZES = [1, 2, 3, 7, 1 << 20];
const TEXT = encode("what is packed, packed, packed and packed again");

async function all(
  members: AsyncIterable<Member>,
): Promise<[name: string, content: string | undefined, isStored: boolean][]> {
  const list: [string, string | undefined, boolean][] = [];
  for await (const { name, content, isStored } of members) {
    const text = content && decode(await bytesOf(content));
    list.push([name, text, isStored === true]);
  }
  return list;
}

Deno.test("a packing is known by its first bytes, and by no others", () => {
  const known: [mark: string, packing: string | undefined][] = [
    ["\x1f\x8b\x08", "gzip"],
    ["\x28\xb5\x2f\xfd", "zstd"],
    ...Array.from(
      { length: 16 },
      (_, n): [string, string] => [
        `${String.fromCharCode(0x50 + n)}\x2a\x4d\x18`,
        "zstd",
      ],
    ),
    ["PK\x03\x04", "zip"],
    ["PK\x07\x08", "zip"],
    ["PK00", "zip"],
    ["PK\x01\x02", "zip"],
    ["PK\x05\x06", "zip"],
    ["PK\x06\x06", "zip"],
    ["PK\x06\x08", "zip"],
    ["#!", "zip"],
    ["JM\x01\0", "zip"],
    ["PACK\0\0\0\x02", "git-pack"],
    ["PACK\0\0\0\x03", "git-pack"],
  ];
  for (const [mark, packing] of known) {
    for (const more of ["", "\xaa\xaa\xaa\xaa\xaa\xaa"]) {
      assertEquals(packingOf(latin1(mark + more)), packing, mark);
    }
    // Each of its bytes counts.
    for (let at = 0; at < mark.length; at++) {
      const bytes = latin1(`${mark}\xaa\xaa`);
      const other = packingOf(latin1(mark.slice(0, at)));
      assertEquals(other === packing, at > 2 && packing === "gzip", mark);
      for (const bit of [1, 0x80]) {
        const changed = bytes.slice();
        changed[at]! ^= bit;
        const text = String.fromCharCode(...changed);
        const stays = known.some(([mark, is]) =>
          is === packing && text.startsWith(mark)
        );
        assertEquals(packingOf(changed) === packing, stays, text);
      }
    }
  }
  // RFC 1950: deflate, any window, check bits, and no dictionary.
  for (let a = 0; a < 256; a++) {
    for (let b = 0; b < 256; b++) {
      const head = Uint8Array.of(a, b, 0xaa, 0xaa);
      if (packingOf(head) === "zip") continue;
      const isZlib = (a & 15) === 8 && a >> 4 <= 7 && (a << 8 | b) % 31 === 0 &&
        (b & 0x20) === 0;
      assertEquals(packingOf(head), isZlib ? "zlib" : undefined);
    }
  }
  assertEquals(packingOf(new Uint8Array()), undefined);
  assertEquals(packingOf(Uint8Array.of(0x78)), undefined);
  for (const packing of ["gzip", "zstd", "zip", "git-pack"] as const) {
    assert(isCertain(packing));
  }
  assertEquals(isCertain("zlib"), false);
  assertEquals([isGzip(new Uint8Array()), isZstd(new Uint8Array())], [
    false,
    false,
  ]);
});

Deno.test("a packing that is not looked into is known by each byte of its mark", () => {
  const marks = [
    ...Array.from({ length: 8 }, (_, n) => `BZh${n + 2}1AY&SY`),
    "BZh11AY&SY",
    "\xfd7zXZ\0",
    "7z\xbc\xaf\x27\x1c",
    "\x04\x22\x4d\x18",
    "\x02\x21\x4c\x18",
    "\x89LZO\0\x0d\x0a\x1a\x0a",
    "LZIP\x01",
    "\xff\x06\0\0sNaPpY",
    "Rar!\x1a\x07",
    "MSCF\0\0\0\0",
    "hsqs",
    "sqsh",
    "xar!\0",
    "!<arch>\ndebian-binary",
    "\xed\xab\xee\xdb",
  ];
  for (const mark of marks) {
    for (const more of ["", "more"]) {
      assert(isOtherPacking(latin1(mark + more)), mark);
    }
    for (let at = 0; at < mark.length; at++) {
      assertEquals(isOtherPacking(latin1(mark.slice(0, at))), false, mark);
      const changed = latin1(mark);
      changed[at]! ^= 0x40;
      assertEquals(isOtherPacking(changed), false, `${mark} ${at}`);
    }
  }
  for (const level of "0:") {
    assertEquals(isOtherPacking(latin1(`BZh${level}1AY&SY`)), false, level);
  }
  // compress: 9 to 16 bits, with blocks or without, and two bits that are zero.
  for (let second = 0; second < 256; second++) {
    for (let third = 0; third < 256; third++) {
      const bits = third & 0x1f;
      assertEquals(
        isOtherPacking(Uint8Array.of(0x1f, second, third)),
        second === 0x9d && (third & 0x60) === 0 && bits >= 9 && bits <= 16,
      );
    }
  }
  assertEquals(isOtherPacking(Uint8Array.of(0x1f, 0x9d)), false);
});

/** A gzip's header with these flags, and nothing behind it. */
function gzipHeader(flags: number): Uint8Array {
  return join(
    Uint8Array.of(0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3),
    (flags & 4) !== 0
      ? join(little(258, 2), new Uint8Array(258).fill(9))
      : new Uint8Array(),
    (flags & 8) !== 0 ? encode("name\0") : new Uint8Array(),
    (flags & 16) !== 0 ? encode("a comment\0") : new Uint8Array(),
    (flags & 2) !== 0 ? Uint8Array.of(1, 2) : new Uint8Array(),
  );
}

const gzipTrailer = (bytes: Uint8Array) =>
  join(little(crc32(bytes), 4), little(bytes.length, 4));

Deno.test("gzip is unpacked whatever its header has, and the next behind it", async () => {
  for (let flags = 0; flags < 32; flags++) {
    const member = join(
      gzipHeader(flags),
      deflateRawSync(TEXT),
      gzipTrailer(TEXT),
    );
    for (const size of SIZES) {
      for (const between of ["", "\0", "\0".repeat(600)]) {
        const source = sourceOf(
          join(
            member,
            encode(between),
            member,
            encode(`${between}no gzip`),
          ),
          size,
        );
        const text = decode(await bytesOf(gunzip(source)));
        assertEquals(text, decode(TEXT).repeat(2), `${flags} ${size}`);
        assertEquals(decode(await restOf(source)), "no gzip");
        if (flags % 8 !== 0) break;
      }
    }
  }
});

Deno.test("gzip that is cut off anywhere, or changed, is told behind all that it gives", async () => {
  const header = gzipHeader(31);
  const packed = deflateRawSync(TEXT);
  const whole = join(header, packed, gzipTrailer(TEXT));
  for (let length = 3; length < whole.length; length++) {
    const given: Uint8Array[] = [];
    await assertRejects(async () => {
      for await (const part of gunzip(sourceOf(whole.subarray(0, length)))) {
        given.push(part);
      }
    }, PackingError);
    if (length >= header.length + packed.length) {
      assertEquals(decode(join(new Uint8Array(), ...given)), decode(TEXT));
    }
  }
  for (let at = whole.length - 8; at < whole.length; at++) {
    const changed = whole.slice();
    changed[at]! ^= 1;
    const error = await assertRejects(
      () => bytesOf(gunzip(sourceOf(changed))),
      PackingError,
    );
    assertEquals(error.message, "It is cut off, or its sum is wrong");
  }
  const short = await assertRejects(
    () => bytesOf(gunzip(sourceOf(gzipHeader(0).subarray(0, 9)))),
    PackingError,
  );
  assertEquals(short.message, "It ends in its header");
});

/** A frame of zstd's of blocks as they are, with the fields that its descriptor tells. */
function zstdFrame(descriptor: number, content: Uint8Array): Uint8Array {
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const size = sizeBytes === 2 ? content.length - 256 : content.length;
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += 100) {
    const part = content.subarray(at, at + 100);
    const isLast = at + 100 >= content.length ? 1 : 0;
    // Of one byte again and again that byte is given once.
    blocks.push(
      part.every((byte) => byte === part[0])
        ? join(little(part.length << 3 | 2 | isLast, 3), part.subarray(0, 1))
        : join(little(part.length << 3 | isLast, 3), part),
    );
  }
  return join(
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, descriptor),
    isSingle ? new Uint8Array() : Uint8Array.of(0x58),
    new Uint8Array([0, 1, 2, 4][descriptor & 3]!),
    little(size, sizeBytes),
    ...blocks,
  );
}

const skippable = (nibble: number, bytes: Uint8Array) =>
  join(little(0x184d2a50 + nibble, 4), little(bytes.length, 4), bytes);

Deno.test("zstd is unpacked whatever its header has, and the next behind it", async () => {
  const content = join(TEXT, new Uint8Array(300).fill(65), TEXT);
  const short = TEXT.subarray(0, 40);
  for (const single of [0, 0x20]) {
    for (const size of [0, 0x40, 0x80, 0xc0]) {
      for (const dictionary of [0, 1, 2, 3]) {
        const isTiny = single !== 0 && size === 0;
        const bytes = isTiny ? short : content;
        const frame = zstdFrame(single | size | dictionary, bytes);
        const told = `${single} ${size} ${dictionary}`;
        for (const pieces of [1, 5, 1 << 20]) {
          const source = sourceOf(
            join(
              skippable(dictionary, encode("skipped")),
              frame,
              skippable(15, new Uint8Array()),
              frame,
              encode("and this is the rest"),
            ),
            pieces,
          );
          const text = decode(await bytesOf(unzstd(source)));
          assertEquals(text, decode(bytes).repeat(2), told);
          assertEquals(
            decode(await restOf(source)),
            "and this is the rest",
            told,
          );
        }
      }
    }
  }
  const summed = zstdCompressSync(content, {
    params: { [constants.ZSTD_c_checksumFlag]: 1 },
  });
  const source = sourceOf(join(summed, summed, encode("the rest")), 3);
  assertEquals(await bytesOf(unzstd(source)), join(content, content));
  assertEquals(decode(await restOf(source)), "the rest");
});

Deno.test("zstd that is cut off anywhere is told, and what is too short to be some is left", async () => {
  const frame = zstdFrame(0x40, join(TEXT, new Uint8Array(300), TEXT));
  const summed = new Uint8Array(zstdCompressSync(TEXT, {
    params: { [constants.ZSTD_c_checksumFlag]: 1 },
  }));
  const skipped = skippable(3, encode("skipped"));
  for (const whole of [frame, summed, skipped]) {
    for (let length = 0; length < whole.length; length++) {
      const source = sourceOf(whole.subarray(0, length), 3);
      if (length < 8) {
        assertEquals((await bytesOf(unzstd(source))).length, 0);
        assertEquals((await restOf(source)).length, length);
      } else {
        await assertRejects(() => bytesOf(unzstd(source)), PackingError);
      }
    }
  }
  const reserved = frame.slice();
  // The kind of the first block, behind a header of 8 bytes.
  reserved[8]! |= 6;
  const error = await assertRejects(
    () => bytesOf(unzstd(sourceOf(reserved))),
    PackingError,
  );
  assertEquals(error.message, "A frame of zstd's is damaged");
});

Deno.test("what is packed is unpacked piece by piece, and what stands behind it is left", async () => {
  const large = new Uint8Array(1_000_000).fill(7);
  const noise = randomBytes(70_000);
  for (
    const [kind, pack] of [
      ["deflate", deflateRawSync],
      ["zlib", deflateSync],
      ["zstd", zstdCompressSync],
    ] as const
  ) {
    for (const content of [large, noise, TEXT, new Uint8Array()]) {
      const packed = new Uint8Array(pack(content));
      const behind = kind === "zstd" ? "" : "behind it";
      for (const size of content === TEXT ? SIZES : [1000, 65_536, 1 << 20]) {
        const source = sourceOf(join(packed, encode(behind)), size);
        const parts = await Array.fromAsync(inflate(kind, source));
        const length = parts.reduce((sum, part) => sum + part.length, 0);
        assertEquals(length, content.length, kind);
        for (const part of parts) assert(part.length <= 64 * 1024);
        if (content === large) {
          assert(parts.some((part) => part.length === 64 * 1024), kind);
        }
        let at = 0;
        for (const part of parts) {
          const same = content.subarray(at, at += part.length);
          assertEquals(Buffer.compare(part, same), 0, kind);
        }
        // Of zstd it is not told how much of a frame was taken.
        if (kind === "zstd") continue;
        assertEquals(decode(await restOf(source)), behind, `${kind} ${size}`);
      }
    }
  }
});

Deno.test("inflate hands on its source's failure, reads nothing ahead, and ends with its reader", async () => {
  const failure = new Error("the source fails");
  const packed = deflateRawSync(randomBytes(200_000));
  let given = 0;
  const failing = new ByteStream(() => {
    if (given > 100_000) return Promise.reject(failure);
    given += 1000;
    return Promise.resolve(packed.subarray(given - 1000, given));
  });
  const caught = await assertRejects(() =>
    bytesOf(inflate("deflate", failing))
  );
  assertStrictEquals(caught, failure);
  // A reader that goes away has read a part, and so has the source.
  let read = 0;
  const slow = new ByteStream(() => {
    read += 1000;
    return Promise.resolve(
      read > packed.length ? null : packed.subarray(read - 1000, read),
    );
  });
  for await (const _ of inflate("deflate", slow)) break;
  assert(read < packed.length, `${read} of ${packed.length}`);
  for (const kind of ["deflate", "zlib", "zstd"] as const) {
    const error = await assertRejects(
      () => bytesOf(inflate(kind, sourceOf(new Uint8Array(99).fill(0xff)))),
      PackingError,
    );
    assertEquals(error.message, `It can't be unpacked as ${kind}`);
    assert(error.cause !== undefined);
  }
});

interface ZipEntry {
  readonly name: string;
  readonly content: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly version?: number;
  readonly extra?: Uint8Array;
  readonly size?: number;
  readonly plainSize?: number;
  readonly sum?: number;
  readonly behind?: Uint8Array;
}

function zipEntry(entry: ZipEntry): Uint8Array {
  const { name, content, method = 8, flags = 0, version = 20 } = entry;
  const { extra = new Uint8Array(), behind = new Uint8Array() } = entry;
  const packed = method === 8 ? deflateRawSync(content) : content;
  const header = new Uint8Array(30);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x04034b50, true);
  view.setUint16(4, version, true);
  view.setUint16(6, flags, true);
  view.setUint16(8, method, true);
  view.setUint32(14, entry.sum ?? crc32(content), true);
  view.setUint32(18, entry.size ?? packed.length, true);
  view.setUint32(22, entry.plainSize ?? content.length, true);
  view.setUint16(26, encode(name).length, true);
  view.setUint16(28, extra.length, true);
  return join(header, encode(name), extra, packed, behind);
}

const DIRECTORY = join(encode("PK\x01\x02"), new Uint8Array(42));
const END = join(encode("PK\x05\x06"), new Uint8Array(18));
const field = (id: number, bytes: Uint8Array) =>
  join(little(id, 2), little(bytes.length, 2), bytes);

Deno.test("the files of a zip are given, each by what its header tells", async () => {
  const text = decode(TEXT);
  const packed = deflateRawSync(TEXT).length;
  const sum = little(crc32(TEXT), 4);
  const sizes = join(little(packed, 4), little(TEXT.length, 4));
  const none = new Uint8Array();
  const entries: [ZipEntry, unknown[]][] = [
    [{ name: "deflated", content: TEXT }, ["deflated", text, false]],
    [{ name: "stored", content: TEXT, method: 0 }, ["stored", text, true]],
    [{ name: "ü", content: none, method: 0 }, ["ü", "", true]],
    [{ name: "empty", content: none }, ["empty", "", false]],
    [
      { name: "other", content: TEXT, method: 12 },
      ["other", undefined, false],
    ],
    [
      { name: "last", content: TEXT, method: 99, version: 63 },
      ["last", undefined, false],
    ],
    [
      { name: "secret", content: TEXT, flags: 1 },
      ["secret", undefined, false],
    ],
    [
      { name: "secret, stored", content: TEXT, method: 0, flags: 1 },
      ["secret, stored", undefined, false],
    ],
    [{
      name: "described",
      content: TEXT,
      flags: 8,
      sum: 0,
      size: 0,
      behind: join(encode("PK\x07\x08"), sum, sizes),
    }, ["described", text, false]],
    [{
      name: "described, unmarked",
      content: TEXT,
      flags: 8,
      sum: 0,
      size: 0,
      behind: join(sum, sizes),
    }, ["described, unmarked", text, false]],
    [{
      name: "wide",
      content: TEXT,
      method: 0,
      size: 0xffffffff,
      extra: join(field(0x99, encode("abc")), field(1, little(TEXT.length, 8))),
    }, ["wide", text, true]],
    [{
      name: "both wide",
      content: TEXT,
      method: 0,
      size: 0xffffffff,
      plainSize: 0xffffffff,
      extra: field(
        1,
        join(little(TEXT.length, 8), little(TEXT.length, 8), little(0, 4)),
      ),
    }, ["both wide", text, true]],
    [{
      name: "described, with a length",
      content: TEXT,
      method: 0,
      flags: 8,
    }, ["described, with a length", text, true]],
  ];
  for (const [first, said] of entries) {
    for (const [second, saidNext] of entries) {
      const zip = join(
        encode("PPKP before"),
        zipEntry(first),
        encode("between PK\x03 P\x04"),
        zipEntry(second),
        DIRECTORY,
        END,
      );
      for (const size of first === second ? SIZES : [4096]) {
        assertEquals(
          await all(zipMembers(sourceOf(zip, size))),
          [said, saidNext],
          `${first.name}, ${second.name}, ${size}`,
        );
      }
    }
  }
});

Deno.test("a file without a length is passed over, and what is in it is given", async () => {
  const inner = zipEntry({ name: "inner", content: TEXT });
  const outer = zipEntry({
    name: "outer",
    content: inner,
    method: 0,
    flags: 8,
    size: 0,
  });
  assertEquals(await all(zipMembers(sourceOf(join(outer, DIRECTORY)))), [
    ["inner", decode(TEXT), false],
  ]);
});

Deno.test("what is like a header of a zip is none", async () => {
  const file = zipEntry({ name: "a", content: TEXT });
  for (const change of [{ version: 64 }, { method: 100 }]) {
    const like = zipEntry({ name: "like", content: TEXT, ...change });
    assertEquals(
      (await all(zipMembers(sourceOf(join(like, file, DIRECTORY))))).map((
        [name],
      ) => name),
      ["a"],
    );
  }
  // A version's other byte tells of a system.
  const other = zipEntry({ name: "like", content: TEXT, version: 0x0314 });
  assertEquals((await all(zipMembers(sourceOf(join(other, END))))).length, 1);
  for (const text of ["", "P", "PK", "no zip at all", "PK\x03\x04"]) {
    assertEquals(await all(zipMembers(sourceOf(encode(text)))), []);
  }
});

Deno.test("a zip that ends in a file, or without its directory, is told", async () => {
  const words = async (zip: Uint8Array) =>
    (await assertRejects(
      () => all(zipMembers(sourceOf(zip, 11))),
      PackingError,
    )).message;
  const noDirectory = "A zip ends without its directory";
  const stored = zipEntry({ name: "a", content: TEXT, method: 0 });
  const deflated = zipEntry({ name: "a", content: TEXT });
  for (const zip of [stored, deflated]) {
    assertEquals(await words(zip), noDirectory);
    assertEquals(await words(join(zip, encode("PK\x05"))), noDirectory);
    assertEquals(await words(join(DIRECTORY, zip)), noDirectory);
    assertEquals((await all(zipMembers(sourceOf(join(zip, END))))).length, 1);
  }
  for (let cut = 1; cut <= TEXT.length; cut++) {
    assertEquals(await words(stored.subarray(0, -cut)), "A zip ends in a file");
  }
  const sumIsWrong = "A file in a zip is cut off, or its sum is wrong";
  const packed = deflateRawSync(TEXT).length;
  for (let cut = 2; cut < packed - 8; cut++) {
    assertEquals(await words(deflated.subarray(0, -cut)), sumIsWrong);
  }
  assertEquals(
    await words(zipEntry({ name: "a", content: TEXT, sum: 7 })),
    sumIsWrong,
  );
  // Where it is told behind the file, it has to be there.
  const sum = little(crc32(TEXT), 4);
  for (
    const behind of [
      new Uint8Array(),
      sum.subarray(1),
      join(encode("PK\x07\x08"), sum.subarray(0, 3)),
      join(little(1, 2), sum),
      join(little(1, 4), little(1, 4), sum),
    ]
  ) {
    assertEquals(
      await words(
        zipEntry({ name: "a", content: TEXT, flags: 8, sum: 0, behind }),
      ),
      sumIsWrong,
    );
  }
  for (const behind of [sum, join(encode("PK\x07\x08"), sum)]) {
    const entry = { name: "a", content: TEXT, flags: 8, sum: 0, behind };
    assertEquals(
      (await all(zipMembers(sourceOf(join(zipEntry(entry), END))))).length,
      1,
    );
  }
});

Deno.test("a length of a zip's file that is in no field is told", async () => {
  const wide = { name: "a", content: TEXT, method: 0, size: 0xffffffff };
  const length = little(TEXT.length, 8);
  for (
    const extra of [
      new Uint8Array(),
      field(2, length),
      field(1, length.subarray(1)),
      join(field(2, length), little(1, 2)),
      field(1, length).subarray(0, 3),
    ]
  ) {
    const error = await assertRejects(
      () => all(zipMembers(sourceOf(zipEntry({ ...wide, extra })))),
      PackingError,
    );
    assertEquals(error.message, "A file in a zip has no length");
  }
  const both = { ...wide, plainSize: 0xffffffff };
  await assertRejects(
    () =>
      all(zipMembers(sourceOf(zipEntry({ ...both, extra: field(1, length) })))),
    PackingError,
    "no length",
  );
});

Deno.test("the objects of git's packs are given, whatever their headers have", async () => {
  const kinds: GitKind[] = [1, 2, 3, 6, 7];
  const objects = kinds.flatMap((kind) =>
    [0, 1, 15, 16, 2047, 2048, 40_000].map((length) =>
      [kind, new Uint8Array(length).fill(65 + kind)] as const
    )
  );
  const pack = gitPackOf(objects);
  const longer = join(pack, new Uint8Array(12).fill(0x5a));
  for (const size of [1, 100, 1 << 20]) {
    for (
      const [bytes, rest] of [
        [pack, ""],
        [longer, ""],
        [join(pack, encode("other")), "other"],
        [join(longer, encode("o")), "ZZZZZZZZZZZZo"],
      ] as const
    ) {
      const source = sourceOf(bytes, size);
      const given = await all(gitObjects(source));
      assertEquals(
        given,
        objects.map(([, bytes]) => ["", decode(bytes), false]),
      );
      assertEquals(decode(await restOf(source)), rest);
      if (size === 1) break;
    }
  }
});

Deno.test("a pack of git's that is cut off anywhere is told", async () => {
  const pack = gitPackOf([[6, TEXT], [7, TEXT], [3, new Uint8Array(3000)]]);
  const words = new Set<string>();
  for (let length = 0; length < pack.length; length++) {
    const source = sourceOf(pack.subarray(0, length));
    try {
      await all(gitObjects(source));
      // What was cut off within zlib's own sum is only known by what follows.
      assert(false, `${length} of ${pack.length}`);
    } catch (error) {
      assert(error instanceof PackingError, `${length}: ${error}`);
      words.add(error.message);
    }
  }
  assertEquals([...words].sort(), [
    "A pack ends before its digest",
    "A pack ends in an object",
    "A pack ends in its header",
  ]);
});

Deno.test("unpack() gives what each packing holds", async () => {
  for (
    const [packing, bytes] of [
      ["gzip", gzipSync(TEXT)],
      ["zstd", zstdCompressSync(TEXT)],
      ["zlib", deflateSync(TEXT)],
      ["git-pack", gitPackOf([[3, TEXT]])],
    ] as const
  ) {
    assertEquals(await all(unpack(packing, sourceOf(bytes))), [
      ["", decode(TEXT), false],
    ]);
  }
  const zip = join(zipEntry({ name: "z", content: TEXT }), END);
  assertEquals(await all(unpack("zip", sourceOf(zip))), [
    ["z", decode(TEXT), false],
  ]);
});
