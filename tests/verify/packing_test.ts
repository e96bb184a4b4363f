import {
  deflateSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
} from "node:zlib";
import {
  ProtocolError,
  type SecretVerification,
  verifySecrets,
} from "../../mod.ts";
import { concatBytes } from "../../lib/streams/bytes.ts";
import { packingOf } from "../../lib/verify/packing.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";
import { tarBytes, tarOf } from "../support/tar.ts";
import { gitPackOf } from "./git_pack.ts";
import { zipOf } from "./zip.ts";

const TOKEN = "tk-zip-token-0123456789";
const encode = (text: string) => new TextEncoder().encode(text);
const join = (...parts: Uint8Array[]) => parts.reduce(concatBytes);

async function search(file: Uint8Array): Promise<SecretVerification> {
  return await verifySecrets(tarOf({ file }), { t: TOKEN });
}

/** Paths of finds in what is unpacked. */
const paths = ({ finds }: SecretVerification) =>
  finds.filter(({ packed }) => packed !== undefined).map(({ path }) => path);

/**
 * What python 3.12 writes, packed and in base64:
 *
 *     i = zipfile.ZipInfo(name); i.compress_type = method
 *     with z.open(i, "w", force_zip64=zip64) as w: w.write(data)
 *
 * for `first`, `hello ` 20 times, stored or deflated, and `secret`, deflated;
 * to a file that can be sought, and to a pipe.
 */
const ZIPS: Readonly<Record<string, string>> = {
  "seek, zip32, the first stored":
    "eNoL8GZmEWGAAEUG/V8/PCqALBBmBeK0zKLikozUnJx8BfqTAVCncYCddmA6o6AckGUPxGxAXJyaXJRasjpghQLXtJTXYaliL6Y9SV/+7KWUhJTk7BmzZkZHMDEEeDMyiTDj9h4MNDAywDyL0ILdWoSW2XBHBHizgqWYgDAdSN8FqwAAAf9UIA==",
  "seek, zip32, the first deflated":
    "eNoL8GZmEWFgYOAAYkUG/V8/PLiBrAogZgXitMyi4pLTHmdPngw/scCakyEARfWB6YyCckCWPRCzAXFxanJRasnqgBUKXNNSXoelir2Y9iR9+bOXUhJSkrNnzJoZHcEENIGRSYQZt40w0MDIALMfXQu6tQgtenBHBHizgqWYgDAdSBeAVQAAnXsr4Q==",
  "seek, zip64, the first stored":
    "eNoL8GZm0WWAAEUG/V8/PP5DASuDCENaZlFxCSODAEMFVAmMzkjNyclXoD8ZAHUuB9i5B6YzCsKcywZ0bnFqclEq2L32UHfKQenVASsUuKalvA5LFXsx7Un68mcvpSSkJGfPmDUzOoKJIcCbkUmXGTUYKqC+ZWVAgAZGEAkOFIQWhFNAloEsZkPRsh5IQhwW4M0KlmICwnSQ0WDjAKURZC0=",
  "seek, zip64, the first deflated":
    "eNoL8GZm0WVgYOAAYkUG/V8/PP5DASuDCENaZlFxCSODAEMFAwRwQ+nTHmdPngw/scCakyEAxYQD0xkFYSawAU0oTk0uSgUbYQ/VKgelVwesUOCalvI6LFXsxbQn6cufvZSSkJKcPWPWzOgIJqCpjEy6zKguA1kOcggrAwI0MIJIsDvRtYCcArIMZDEbihYnIAlxWIA3K1iKCQjTgfQMsAoAv6U87Q==",
  "pipe, zip32, the first stored":
    "eNoL8GZmEWHgYAABRQZkwArEaZlFxSUZqTk5+Qr0JwO82Tn0f/3wqAA6BIQDoE7lwHAqGxAXpyYXpZasDlihwDUt5XVYqtiLaU/Slz97KSUhJTl7xqyZ0RFMDCATD0xnFJQDqrcHm8jIJMKM8D6ybaxI5jcwMsACA6EF4gxk49hQtKyGOyrAmxUsxQSE6UD6L1gFADnGVcQ=",
  "pipe, zip32, the first deflated":
    "eNoL8GZmEWHgAEIGBkUGZMAKxGmZRcUlpz3OnjwZfmKBNSdDgDc7h/6vHx7cQLkKIA7AqZsNiItTk4tSS1YHrFDgmpbyOixV7MW0J+nLn72UkpCSnD1j1szoCCawiQemMwrKAdXbg01kZBJhRpiJbBsrkvkNjAww96FrQTaODUWLHdxRAd6sYCkmIEwH0hPAKgBt5i2F",
  "pipe, zip64, the first stored":
    "eNoL8GZm0WXgYAABRTD5HwpYGUQY0jKLiksYGQQY0EFGak5OvgL9yQBvdg79Xz88KqDugNEBUG9wYHiDDeiN4tTkolSs/lgdsEKBa1rK67BUsRfTnqQvf/ZSSkJKcvaMWTOjI5gYQLYdmM4oKAdVbQ+3jZFJlxkRbDAXgTArkukNjCASHIgILRAnwowFGcmGouU4kIQ4OMCbFSzFBITpQNoUbBwAvExl6Q==",
  "pipe, zip64, the first deflated":
    "eNoL8GZm0WXgAEIGBkUGEPgPBawMIgxpmUXFJYwMAgzo4LTH2ZMnw08ssOZkCPBm59D/9cODGypVAaUDcJrMBjS5ODW5KBWr0asDVihwTUt5HZYq9mLak/Tlz15KSUhJzp4xa2Z0BBPYtgPTGQXloKrt4bYxMukyI+yDuQjkGlYk0xsYQSTYX+haYMaCjGRD0RIFJCEODvBmBUsxAWE6kD4BVgEA+4I+qQ==",
};

function zips(): [name: string, bytes: Uint8Array][] {
  return Object.entries(ZIPS).map(([name, text]) => [
    name,
    new Uint8Array(inflateSync(Uint8Array.fromBase64(text))),
  ]);
}

/** Without the mark that a descriptor may have. */
function unmarked(zip: Uint8Array): Uint8Array {
  let bytes = zip;
  for (let at = 0; at + 4 < bytes.length; at++) {
    if ([0x50, 0x4b, 7, 8].every((byte, i) => bytes[at + i] === byte)) {
      bytes = join(bytes.subarray(0, at), bytes.subarray(at + 4));
    }
  }
  return bytes;
}

Deno.test("the files of a zip are unpacked, however their lengths are told", async () => {
  for (const [name, zip] of zips()) {
    for (const bytes of [zip, unmarked(zip)]) {
      const said = await search(bytes);
      assertEquals(paths(said), ["file!/secret"], name);
      assertEquals(said.unreadable, [], name);
    }
  }
});

Deno.test("what a zip has before a file does not hide it: extra fields, encrypted files", async () => {
  const zip = zipOf([
    { name: "a", bytes: encode(`first ${"x".repeat(99)}`), method: "deflated" },
    {
      name: "b",
      bytes: encode(`${"y".repeat(99)}${TOKEN}`),
      method: "deflated",
    },
  ]);
  // An extra field of six bytes behind the name.
  const extra = join(
    zip.subarray(0, 28),
    Uint8Array.of(6, 0),
    encode("a"),
    Uint8Array.of(0x99, 0x99, 2, 0, 1, 2),
    zip.subarray(31),
  );
  const encrypted = zip.slice();
  encrypted[6]! |= 1;
  // What is encrypted is no deflate.
  encrypted.fill(0xff, 31, 36);
  for (const bytes of [zip, extra, encrypted]) {
    const said = await search(bytes);
    assertEquals(paths(said), ["file!/b"]);
    assertEquals(said.unreadable, bytes === encrypted ? ["file!/a"] : []);
  }
  // A length that is in no field, and a file that ends too early.
  const lost = zip.slice();
  lost.fill(0xff, 18, 22);
  lost[8] = 0;
  const cut = zip.slice(0, 40);
  cut[8] = 0;
  const open = unmarked(zips().at(-2)![1]).slice(0, 80);
  for (const bytes of [lost, cut, open]) {
    assertEquals((await search(bytes)).unreadable, ["file"]);
  }
});

Deno.test("what is stored in a zip is found in its bytes, and once; what is packed in it is unpacked", async () => {
  const files = [
    { name: "a", bytes: encode(`is ${TOKEN}`), method: "stored" },
    { name: "b.gz", bytes: gzipSync(encode(`is ${TOKEN}`)), method: "stored" },
  ] as const;
  const { finds, unreadable } = await search(zipOf(files));
  assertEquals(finds.map(({ path, count }) => [path, count]), [
    ["file!/b.gz", 1],
    ["file", 1],
  ]);
  assertEquals(unreadable, []);
});

Deno.test("a zip may end at its directory's mark, and another may begin there", async () => {
  const zip = zipOf([{
    name: "a",
    bytes: encode(`${"y".repeat(99)}${TOKEN}`),
    method: "deflated",
  }]);
  const upToMark = zip.slice(0, zip.length - 42);
  for (
    const [bytes, members] of [
      [zip, ["file!/a"]],
      [upToMark, ["file!/a"]],
      [join(upToMark, zip), ["file!/a", "file!/a"]],
    ] as const
  ) {
    const said = await search(bytes);
    const found = said.finds.filter(({ packed }) => packed !== undefined)
      .flatMap(({ path, count }) => Array<string>(count).fill(path));
    assertEquals([found, said.unreadable], [[...members], []]);
  }
  assertEquals((await search(zip.slice(0, zip.length - 43))).unreadable, [
    "file",
  ]);
});

Deno.test("a gzip that is cut off, or whose sum is wrong, is looked through and named", async () => {
  const gzip = new Uint8Array(
    gzipSync(encode(`${"line of text\n".repeat(99)}${TOKEN}`)),
  );
  const change = (at: number) => {
    const bytes = gzip.slice();
    bytes[bytes.length + at]! ^= 1;
    return bytes;
  };
  const more = gzipSync(encode("second"));
  for (
    const bytes of [
      gzip.subarray(0, -1),
      gzip.subarray(0, -8),
      gzip.subarray(0, -9),
      change(-1),
      change(-8),
      join(change(-8), more),
    ]
  ) {
    const said = await search(bytes);
    assertEquals(paths(said), ["file"]);
    assertEquals(said.unreadable, ["file"]);
  }
  assertEquals((await search(join(gzip, more))).unreadable, []);
  // A header without end holds no file.
  const name = join(
    Uint8Array.of(0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0),
    new Uint8Array(2_000_000).fill(65),
  );
  assertEquals((await search(name)).unreadable, ["file"]);
});

Deno.test("a packed archive that is damaged is an error", async () => {
  const tar = await tarBytes({ a: "x".repeat(3000) });
  const gzip = new Uint8Array(gzipSync(tar));
  gzip[gzip.length - 5]! ^= 1;
  await assertRejects(
    () => verifySecrets(new Blob([gzip]).stream(), { t: TOKEN }),
    ProtocolError,
    "damaged",
  );
});

Deno.test("zlib with a dictionary of others is none, and no damage", async () => {
  // The bit says that a dictionary is needed; the check bits are right.
  const bytes = join(Uint8Array.of(0x78, 0xbb), new Uint8Array(99).fill(7));
  const { finds, unreadable } = await search(bytes);
  assertEquals([finds, unreadable], [[], []]);
  assertEquals(packingOf(bytes), undefined);
  assertEquals(packingOf(Uint8Array.of(0x78, 0x9c, 0, 0)), "zlib");
});

Deno.test("a layer packed by pzstd is looked through as one", async () => {
  const layer = join(
    Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4),
    zstdCompressSync(await tarBytes({ "etc/app": TOKEN.repeat(9) })),
  );
  const { finds } = await verifySecrets(
    tarOf({
      "manifest.json": JSON.stringify([{ Config: "c", Layers: ["l"] }]),
      c: "{}",
      l: layer,
    }),
    { t: TOKEN },
  );
  assertEquals(
    finds.map(({ path, layerNumber }) => [path, layerNumber]),
    [["etc/app", 1]],
  );
});

Deno.test("behind a frame of zstd with blocks of any length the next one is unpacked", async () => {
  for (const length of [0, 1, 5000, 70_000, 300_000]) {
    // What can't be packed is stored in blocks of up to 128 KiB.
    const first = zstdCompressSync(randomBytes(length));
    const second = zstdCompressSync(encode(`is ${TOKEN}`));
    const said = await search(join(first, second));
    assertEquals(paths(said), ["file"], `${length}`);
    assertEquals(said.unreadable, []);
  }
});

Deno.test("each packing in each place is looked through, or named", async () => {
  const text = encode(`${"line of text\n".repeat(99)}${TOKEN}\n`);
  const other = encode("hello world, nothing here ".repeat(40));
  const zip = (name: string, bytes: Uint8Array, stored = false) =>
    zipOf([{ name, bytes, method: stored ? "stored" : "deflated" }]);
  const first = zip("a", other);
  const packings: [name: string, bytes: Uint8Array, first: Uint8Array][] = [
    ["gzip", gzipSync(text), gzipSync(other)],
    ["zstd", zstdCompressSync(text), zstdCompressSync(other)],
    ["zlib", deflateSync(text), deflateSync(other)],
    [
      "zlib, a window of 4 KiB",
      deflateSync(text, { windowBits: 12 }),
      deflateSync(other),
    ],
    ["zip", zip("s", text), first],
    ["git-pack", gitPackOf([[3, text]]), gitPackOf([[3, other]])],
    ["tar", await tarBytes({ s: gzipSync(text) }), await tarBytes({ a: "b" })],
  ];
  const files: Record<string, Uint8Array> = {
    "zip with bytes between its files": join(
      first.subarray(0, -46),
      new Uint8Array(5),
      zip("s", text),
    ),
    "zip behind a directory": join(first, new Uint8Array(22), zip("s", text)),
    "zip in a single part of several": join(encode("PK00"), zip("s", text)),
    "zip in parts": join(encode("PK\x07\x08"), zip("s", text)),
    "zip, the first in it empty": join(
      encode("PK\x05\x06"),
      new Uint8Array(18),
      zip("s", text),
    ),
    "a program of Python": join(
      encode("#!/usr/bin/env python3\n"),
      zip("s", text),
    ),
    "a module of Java": join(encode("JM\x01\0"), zip("s", text)),
  };
  for (const [name, bytes, before] of packings) {
    files[name] = bytes;
    files[`${name}, behind zeros behind its like`] = join(
      before,
      new Uint8Array(700),
      bytes,
    );
    files[`${name}, behind noise behind its like`] = join(
      before,
      encode("noise"),
      bytes,
    );
    files[`${name} in gzip`] = gzipSync(bytes);
    files[`${name} in zstd in zlib`] = deflateSync(zstdCompressSync(bytes));
    files[`${name} in a zip`] = zip("in", bytes);
    files[`${name} stored in a zip`] = zip("in", bytes, true);
    files[`${name} in a tar`] = await tarBytes({ a: "b", in: bytes });
    files[`${name} in a tar in gzip`] = gzipSync(await tarBytes({ in: bytes }));
    files[`${name} in a git-pack`] = gitPackOf([[3, bytes]]);
    files[`${name}, cut off`] = bytes.subarray(0, 0.9 * bytes.length);
    for (const [behind, end] of packings) {
      files[`${name} behind ${behind}`] = join(end, bytes);
    }
    let deep = bytes;
    for (let i = 0; i < 12; i++) deep = gzipSync(deep);
    files[`${name}, deep`] = deep;
  }
  for (
    const [name, hex] of Object.entries({
      bzip2: "425a6839314159265359",
      xz: "fd377a585a000004",
      "7z": "377abcaf271c0004",
      lz4: "04224d186440a7",
      lzip: "4c5a49500114",
      rar: "526172211a0701",
      squashfs: "68737173",
      cab: "4d53434600000000",
      compress: "1f9d90",
      deb: "213c617263683e0a64656269616e2d62696e617279",
      rpm: "edabeedb0300",
    })
  ) {
    const bytes = join(Uint8Array.fromHex(hex), new Uint8Array(60).fill(7));
    files[name] = bytes;
    files[`${name} in gzip`] = gzipSync(bytes);
    files[`${name} stored in a zip`] = zip("in", bytes, true);
    files[`${name} in a tar`] = await tarBytes({ in: bytes });
    files[`${name} behind gzip`] = join(gzipSync(other), bytes);
  }
  const missed: string[] = [];
  for (const [name, bytes] of Object.entries(files)) {
    const { finds, unreadable } = await search(bytes);
    const isSeen = finds.length > 0 || unreadable.length > 0;
    if (!isSeen) missed.push(name);
  }
  // What is no whole zlib stream is as good as any noise.
  assertEquals(missed.filter((name) => !/^zlib.*cut off/.test(name)), []);
  // What is whole is found, not only named.
  for (const [name, bytes] of Object.entries(files)) {
    if (!/^(gzip|zstd|zlib|zip|git-pack|tar|a (prog|mod))/.test(name)) continue;
    if (/cut off|noise|deep/.test(name)) continue;
    const { finds, unreadable } = await search(bytes);
    assertEquals([finds.length > 0, unreadable], [true, []], name);
  }
});

Deno.test("of the gzip in a layer what stands behind its end is looked through, or named", async () => {
  const layer = gzipSync(await tarBytes({ "etc/app": "x" }));
  const token = gzipSync(encode(TOKEN.repeat(9)));
  for (const between of ["", "\0\0\0", "noise"]) {
    const { finds, unreadable } = await verifySecrets(
      tarOf({
        "manifest.json": JSON.stringify([{ Config: "c", Layers: ["l"] }]),
        c: "{}",
        l: join(layer, encode(between), token),
      }),
      { t: TOKEN },
    );
    assertEquals(finds.length > 0, between !== "noise", between);
    // What follows the tar is no tar, and in the open here.
    assertEquals(unreadable, ["layer 1"], between);
  }
});
