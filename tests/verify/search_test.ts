import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { type SecretFind, SecretLeakError, verifySecrets } from "../../mod.ts";
import { concatBytes } from "../../lib/streams/bytes.ts";
import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
} from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";
import { withTempFolder } from "../support/folder.ts";
import { tarBytes, tarHeader, tarOf } from "../support/tar.ts";
import { gitPackOf } from "./git_pack.ts";
import { newKey, newToken } from "./keys.ts";
import { zipOf } from "./zip.ts";

const TOKEN = newToken();
const encode = (text: string) => new TextEncoder().encode(text);
const join = (...parts: Uint8Array[]) => parts.reduce(concatBytes);

/** Where the token is in these files. */
async function search(
  files: Record<string, string | Uint8Array>,
  secrets: Record<string, string | Uint8Array> = { t: TOKEN },
): Promise<readonly SecretFind[]> {
  return (await verifySecrets(tarOf(files), secrets)).finds;
}

const text = encode(`${"line of text\n".repeat(9000)}${TOKEN}\nand more\n`);
const offset = 9000 * 13;

/** A gzip with an extra field, a name, a comment and a checksum of its header. */
function fullHeader(gzip: Uint8Array): Uint8Array {
  const header = gzip.slice(0, 10);
  header[3] = 0x1e;
  const fields = encode("\x03\0abcname\0comment\0\x12\x34");
  return join(header, fields, gzip.subarray(10));
}

const PACKED: readonly [name: string, bytes: Uint8Array, at: number][] = [
  ["gzip", gzipSync(text), offset],
  [
    "gzip of two members",
    join(gzipSync(encode("first")), gzipSync(text)),
    offset + 5,
  ],
  ["gzip with all fields of a header", fullHeader(gzipSync(text)), offset],
  ["gzip with something behind", join(gzipSync(text), randomBytes(99)), offset],
  ["gzip that is cut off", gzipSync(text).subarray(0, -9), offset],
  [
    "gzip of two members with zeros between and behind",
    join(
      gzipSync(encode("first")),
      new Uint8Array(700),
      gzipSync(text),
      new Uint8Array(300),
    ),
    offset + 5,
  ],
  ["zlib", deflateSync(text), offset],
  ["zstd", zstdCompressSync(text), offset],
  [
    "zstd of two frames and one to skip",
    join(
      zstdCompressSync(encode("first")),
      Uint8Array.of(0x5f, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2),
      zstdCompressSync(text),
    ),
    offset + 5,
  ],
  [
    "zstd that begins with a frame to skip, as pzstd's",
    join(
      Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4),
      zstdCompressSync(text),
    ),
    offset,
  ],
  [
    "zip",
    zipOf([
      { name: "a", bytes: randomBytes(5000), method: "stored" },
      { name: "b", bytes: randomBytes(5000), method: "streamed" },
      { name: "c", bytes: text, method: "deflated" },
    ]),
    offset,
  ],
  [
    "git-pack",
    gitPackOf([[3, randomBytes(40_000)], [7, encode("x")], [2, text]]),
    offset,
  ],
];

Deno.test("a secret in packed content is found, whatever the pieces are", async () => {
  for (const [name, bytes, at] of PACKED) {
    const tar = await tarBytes({ "dir/file": bytes });
    for (const size of [tar.length, 4096, 513, 61]) {
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let i = 0; i < tar.length; i += size) {
            controller.enqueue(tar.slice(i, i + size));
          }
          controller.close();
        },
      });
      const { finds, unreadable } = await verifySecrets(stream, { t: TOKEN });
      const [find] = finds.filter(({ packed }) => packed !== undefined);
      assert(find !== undefined, `${name} in pieces of ${size}`);
      assertEquals([find.offset, find.count], [at, 1], name);
      assertMatch(name, new RegExp(`^${find.packed}`));
      // What stands behind may be packed, too, in a way that nobody knows.
      const isNamed = /cut off|something behind/.test(name);
      assertEquals(unreadable, isNamed ? ["dir/file"] : [], name);
    }
  }
});

Deno.test("damaged packed content is looked through as far as it goes, as it is behind, and named", async () => {
  const noise = randomBytes(200_000);
  const zstd = zstdCompressSync(join(text, noise));
  const zip = zipOf([{ name: "a", bytes: text, method: "deflated" }]);
  const damaged: Record<string, Uint8Array> = {
    "a.zst": zstd.subarray(0, zstd.length - 100_000),
    "b.gz": join(gzipSync(join(text, noise)).subarray(0, 150_000), noise),
    "c.zip": join(
      zip.subarray(0, -46),
      encode("PK\x03\x04 no header at all, but long"),
    ),
    "d.pack": gitPackOf([[3, text], [3, text]]).subarray(0, 600),
  };
  for (const [name, bytes] of Object.entries(damaged)) {
    const whole = join(bytes, encode(`behind: ${TOKEN}`));
    const { finds, unreadable } = await verifySecrets(
      tarOf({ [name]: whole }),
      { t: TOKEN },
    );
    assert(
      finds.some((find) => find.packed === undefined),
      `${name}: ${Deno.inspect(finds)}`,
    );
    assert(
      name === "c.zip" || unreadable.length === 1,
      `${name}: ${Deno.inspect(unreadable)}`,
    );
  }
  // What only looks packed is nothing to speak of.
  assertEquals(
    (await verifySecrets(
      tarOf({ x: join(Uint8Array.of(0x78, 0x9c), randomBytes(99)) }),
      { t: TOKEN },
    )).unreadable,
    [],
  );
  const { unreadable } = await verifySecrets(
    tarOf({ [`x/${TOKEN}.gz`]: Uint8Array.of(0x1f, 0x8b, 8, 0, 1) }),
    { t: TOKEN },
  );
  assertEquals(unreadable, ["x/***.gz"]);
});

Deno.test("two keys of one kind have no find in common", async () => {
  const [key, other] = [await newKey(), await newKey()];
  assertEquals((await search({ key }, { key })).length, 1);
  assertEquals(await search({ other }, { key }), []);
  // Of one line, the beginning of which is that of all of its kind.
  const [short, another] = [await newKey("Ed25519"), await newKey("Ed25519")];
  assertEquals((await search({ short }, { short })).length, 1);
  assertEquals(await search({ another }, { short }), []);
  const lines = (name: string) =>
    [
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      // The first line of every key of this kind without a passphrase.
      "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW",
      `QyNTUxOQAAACB${btoa(name.repeat(10)).slice(0, 57)}`,
      `${btoa(`${name} ${name}`.repeat(9)).slice(0, 70)}`,
      "-----END OPENSSH PRIVATE KEY-----",
      "",
    ].join("\n");
  const [ed25519, stranger] = [lines("abcdefg"), lines("hijklmn")];
  for (const encode of [(text: string) => text, btoa]) {
    assertEquals(
      await search({ a: encode(stranger) }, { ed25519 }),
      [],
    );
    assert((await search({ a: encode(ed25519) }, { ed25519 })).length > 0);
  }
});

Deno.test("of a bundle the key counts, not the certificates; of a file with a key in it, what is its own", async () => {
  const [key, other] = [await newKey(), await newKey()];
  const certificate = (await newKey()).replaceAll("PRIVATE KEY", "CERTIFICATE");
  const bundle = certificate + key;
  assertEquals(await search({ ca: certificate }, { bundle }), []);
  assertEquals(await search({ ca: certificate + other }, { bundle }), []);
  for (const text of [bundle, key, key.split("\n")[5]!]) {
    assertEquals((await search({ a: text }, { bundle })).length, 1);
  }
  // A certificate alone was called a secret.
  assertEquals((await search({ a: bundle }, { certificate })).length, 1);
  const first =
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW";
  const env = `KEY='\n${first}\n${TOKEN}\n'\n`;
  assertEquals(await search({ a: `${first}\n` }, { env }), []);
  assertEquals((await search({ a: TOKEN }, { env }))[0]?.form, "line");
});

Deno.test("the beginning that a long value shares with others is no find", async () => {
  const head = `eyJ${"header".repeat(12)}.`;
  const own = () => crypto.randomUUID().repeat(4);
  const token = head + own();
  assertEquals(await search({ a: head + own() }, { token }), []);
  assertEquals((await search({ a: `x ${token}` }, { token }))[0]?.offset, 2);
  // One of them, then the other.
  const both = `${head}${own()} x ${token}`;
  assertEquals(
    (await search({ a: both }, { token }))[0]?.offset,
    both.length - token.length,
  );
  // A part of it that is its own.
  assertEquals(
    (await search({ a: `x ${token.slice(70)}` }, { token })).length,
    1,
  );
  const zeros = join(randomBytes(100), new Uint8Array(400), randomBytes(100));
  assertEquals(await search({ a: new Uint8Array(9000) }, { zeros }), []);
});

Deno.test("each place is told once, and how often", async () => {
  const finds = await search({
    a: `${TOKEN} ${TOKEN}\n${TOKEN}`,
    [`n-${TOKEN}/b`]: "",
  });
  assertEquals(
    finds.map(({ part, path, offset, count, form }) => [
      part,
      path,
      offset,
      count,
      form,
    ]),
    [["file", "a", 0, 3, "plain"], ["name", "n-***/b", 2, 1, "plain"]],
  );
  const both = await search({ a: "one two" }, { one: "one ", two: "two two" });
  assertEquals(both.map(({ id }) => id), ["one"]);
});

Deno.test("short values are named, and are not found by chance in an encoding", async () => {
  const { finds, skipped } = await verifySecrets(
    tarOf({ a: `hunt ${btoa("hunt")} 68756e74` }),
    { no: "abc", four: "hunt" },
  );
  assertEquals(skipped, ["no"]);
  assertEquals(finds.map(({ form }) => form), ["plain", "hex"]);
});

Deno.test("functions, files and variables are read; ignore and signal are obeyed", async () => {
  await withTempFolder(async (folder) => {
    await Deno.mkdir(`${folder}/out/sub`, { recursive: true });
    await Deno.writeTextFile(`${folder}/secret`, `${TOKEN}\n`);
    await Deno.writeTextFile(`${folder}/out/sub/f`, `a ${TOKEN}`);
    await Deno.symlink(`/x/${TOKEN}`, `${folder}/out/link`);
    for (
      const source of [
        () => TOKEN,
        { file: `${folder}/secret` },
        { value: TOKEN },
      ]
    ) {
      const { finds } = await verifySecrets(`${folder}/out`, { t: source });
      assertEquals(
        finds.map(({ part, path }) => [part, path]).toSorted(),
        [["file", "sub/f"], ["name", "link"]],
      );
    }
    const { finds } = await verifySecrets(`${folder}/out`, { t: TOKEN }, {
      ignore: ({ path }) => path === "link",
    });
    assertEquals(finds.map(({ path }) => path), ["sub/f"]);
    await assertRejects(
      () =>
        verifySecrets(`${folder}/out`, { t: TOKEN }, {
          signal: AbortSignal.abort(new RangeError("enough")),
        }),
      RangeError,
      "enough",
    );
    await assertRejects(
      () => verifySecrets(`${folder}/secret`, { t: TOKEN }),
      TypeError,
      "this is no tar",
    );
    await assertRejects(
      () => verifySecrets(`${folder}/none`, { t: TOKEN }),
      TypeError,
      "there is no",
    );
  });
});

Deno.test("of more finds than are kept the number is told; what is ignored does not count", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 1100 }, (_, i) => [`f${i}`, TOKEN]),
  );
  const all = await verifySecrets(tarOf(files), { t: TOKEN });
  assertEquals([all.finds.length, all.findsLost], [1000, 100]);
  const { finds, findsLost: rest } = await verifySecrets(
    tarOf(files),
    { t: TOKEN },
    { ignore: ({ path }) => path !== "f7" },
  );
  assertEquals([finds.length, rest], [1, 0]);
  const most = await verifySecrets(
    tarOf(files),
    { t: TOKEN },
    { ignore: ({ path }) => path === "f7" },
  );
  assertEquals([most.finds.length, most.findsLost], [1000, 99]);
  const { findsLost } = all;
  const error = new SecretLeakError({
    finds,
    findsLost,
    imageId: "",
    removed: [],
    kept: [],
  });
  assertMatch(error.message, /"t" in file f7, at byte 0\n- and 100 more/);
});

Deno.test("memory does not grow with what is looked through", async () => {
  const chunk = randomBytes(1024 * 1024);
  const megabytes = 384;
  const before = Deno.memoryUsage().rss;
  let peak = 0;
  let left = megabytes;
  const tar = new ReadableStream<Uint8Array>({
    start: (controller) =>
      controller.enqueue(tarHeader("large", megabytes * 2 ** 20)),
    pull(controller) {
      peak = Math.max(peak, Deno.memoryUsage().rss);
      if (left-- > 0) controller.enqueue(chunk);
      else {
        controller.enqueue(new Uint8Array(1024));
        controller.close();
      }
    },
  }, { highWaterMark: 0 });
  const { bytes, finds } = await verifySecrets(tar, { t: TOKEN });
  assertEquals(finds, []);
  assert(bytes >= megabytes * 2 ** 20);
  assertLess(peak - before, 128 * 1024 * 1024);
});

Deno.test("a search ends in the middle of a long file when its signal aborts", async () => {
  const stop = new AbortController();
  let pulled = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulled++ === 0) {
        return controller.enqueue(tarHeader("long", 8 ** 11 - 1));
      }
      if (pulled === 10) stop.abort(new RangeError("enough"));
      if (pulled > 200) throw new Error("it was read on");
      controller.enqueue(new Uint8Array(64 * 1024));
    },
  }, { highWaterMark: 0 });
  await assertRejects(
    () => verifySecrets(stream, { t: TOKEN }, { signal: stop.signal }),
    RangeError,
    "enough",
  );
});
