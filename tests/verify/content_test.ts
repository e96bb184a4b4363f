import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Engine } from "../../lib/engine/engine.ts";
import { createFinder } from "../../lib/redact/finder.ts";
import { ByteStream } from "../../lib/streams/byte_stream.ts";
import { concatBytes } from "../../lib/streams/bytes.ts";
import { openArchive, readArchive } from "../../lib/verify/archive.ts";
import { BARE_LAYOUT, bareImage } from "../../lib/verify/bare_image.ts";
import { ContentReader } from "../../lib/verify/content.ts";
import { FindCollector } from "../../lib/verify/find.ts";
import { NotTarError } from "../../lib/verify/tar_entries.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { tarBytes, tarHeader } from "../support/tar.ts";
import { restOf, sourceOf } from "./pieces.ts";

const TOKEN = "tk-9f8e7d6c5+x/b4a392=&81706";
const encode = (text: string) => new TextEncoder().encode(text);
const join = (...parts: Uint8Array[]) => parts.reduce(concatBytes);
const PLACE = { blob: "b", part: "file", path: "p" } as const;

function newReader(signal?: AbortSignal, secrets: string[] = [TOKEN]) {
  const finder = createFinder(secrets.map(encode));
  const finds = new FindCollector(finder, 1000);
  return new ContentReader(finds, signal);
}

const pathsOf = (reader: ContentReader) =>
  reader.finds.finds.map(({ path, packed, offset }) =>
    `${path} ${packed ?? "-"} ${offset}`
  );
const damagedOf = (reader: ContentReader) =>
  reader.unreadable.map(({ path }) => path);

/** A source that breaks off behind its bytes. */
function broken(bytes: Uint8Array, error: Error): ByteStream {
  let isRead = false;
  return new ByteStream(() => {
    if (isRead) return Promise.reject(error);
    isRead = true;
    return Promise.resolve(bytes);
  });
}

Deno.test("packed content in packed content is looked into eight levels deep, and named below", async () => {
  const packed = (levels: number) => {
    let bytes = encode(`x ${TOKEN}`);
    for (let i = 0; i < levels; i++) bytes = new Uint8Array(gzipSync(bytes));
    return bytes;
  };
  for (const levels of [0, 1, 7, 8]) {
    const reader = newReader();
    await reader.file(PLACE, sourceOf(packed(levels)));
    assertEquals(pathsOf(reader), [`p ${levels ? "gzip" : "-"} 2`]);
    assertEquals(damagedOf(reader), []);
  }
  const reader = newReader();
  await reader.file(PLACE, sourceOf(packed(9)));
  assertEquals([pathsOf(reader), damagedOf(reader)], [[], ["p"]]);
  const later = newReader();
  await later.behind(PLACE, sourceOf(join(new Uint8Array(9), packed(8))));
  assertEquals([pathsOf(later), damagedOf(later)], [["p gzip 2"], []]);
  // Levels of archives count, too; what is behind the other has the same level.
  let tar: Uint8Array = encode(TOKEN);
  for (let i = 0; i < 9; i++) tar = await tarBytes({ [`t${i}`]: tar });
  const outer = newReader();
  await outer.file(PLACE, sourceOf(tar));
  assertEquals(damagedOf(outer), ["p!/t8!/t7!/t6!/t5!/t4!/t3!/t2!/t1"]);
  const inTar = await tarBytes({ f: gzipSync(encode(TOKEN)) });
  const behind = newReader();
  await behind.file(PLACE, sourceOf(join(...Array(12).fill(inTar))));
  assertEquals(pathsOf(behind), Array(12).fill("p!/f gzip 0"));
  assertEquals(damagedOf(behind), []);
});

Deno.test("a hundred paths that can't be read are named, and no more", () => {
  const reader = newReader();
  for (let i = 0; i < 102; i++) reader.damaged("b", `${i}`);
  assertEquals(
    damagedOf(reader),
    Array.from({ length: 100 }, (_, i) => `${i}`),
  );
});

Deno.test("what stands behind the end of something is passed over, looked into, or named", async () => {
  const cases: [Uint8Array, string[], string[]][] = [
    [new Uint8Array(0), [], []],
    [new Uint8Array(2000), [], []],
    [join(new Uint8Array(600), encode("x")), [], ["p"]],
    [
      join(new Uint8Array(600), gzipSync(encode(TOKEN)), new Uint8Array(9)),
      ["p gzip 0"],
      [],
    ],
    [join(new Uint8Array(3), encode(`x${TOKEN}`)), ["p - 4"], ["p"]],
    [
      join(await tarBytes({ f: gzipSync(encode(TOKEN)) }), new Uint8Array(5)),
      ["p!/f gzip 0"],
      [],
    ],
    [
      join(await tarBytes({ f: "" }), encode("more")),
      [],
      ["p"],
    ],
  ];
  for (const [bytes, finds, damaged] of cases) {
    for (const size of [1 << 20, 7]) {
      const reader = newReader();
      await reader.behind(PLACE, sourceOf(bytes, size));
      assertEquals([pathsOf(reader), damagedOf(reader)], [finds, damaged]);
    }
  }
});

Deno.test("damage is named where the packing is certain, and a source's failure is none", async () => {
  const packed = gzipSync(encode(`${TOKEN}`.repeat(9)));
  const cut = packed.subarray(0, packed.length - 1);
  const reader = newReader();
  await reader.file(PLACE, sourceOf(join(cut)));
  assertEquals(damagedOf(reader), ["p"]);
  assertEquals(pathsOf(reader), ["p gzip 0"]);
  const zlib = newReader();
  await zlib.file(
    PLACE,
    sourceOf(join(new Uint8Array([0x78, 0x9c]), encode(TOKEN))),
  );
  assertEquals([pathsOf(zlib), damagedOf(zlib)], [["p - 2"], []]);
  const tar = await tarBytes({ f: "content", g: TOKEN });
  const short = newReader();
  await short.file(PLACE, sourceOf(tar.subarray(0, 1600)));
  assertEquals([pathsOf(short), damagedOf(short)], [["p - 1536"], ["p"]]);
  const other = newReader();
  await other.file(PLACE, sourceOf(encode("BZh91AY&SY and more")));
  await other.file({ ...PLACE, path: "q" }, sourceOf(encode("BZh and more")));
  assertEquals(damagedOf(other), ["p"]);
  for (const bytes of [encode(TOKEN), tar.subarray(0, 1600)]) {
    const failing = newReader();
    const error = new RangeError("cut off");
    await assertRejects(
      () => failing.file(PLACE, broken(bytes, error)),
      RangeError,
      "cut off",
    );
    // What was found up to there is kept.
    assertEquals(failing.finds.finds.length, 1);
    assertEquals(failing.unreadable, []);
  }
});

Deno.test("a signal ends it before a file, and within one", async () => {
  const reader = newReader(AbortSignal.abort(new RangeError("enough")));
  let reads = 0;
  const source = new ByteStream(() => {
    reads++;
    return Promise.resolve(null);
  });
  await assertRejects(() => reader.file(PLACE, source), RangeError, "enough");
  assertEquals(reads, 0);
  const stop = new AbortController();
  const within = newReader(stop.signal);
  const long = new ByteStream(() => {
    if (++reads === 3) stop.abort(new RangeError("stop"));
    if (reads > 9) throw new Error("it went on");
    return Promise.resolve(encode(TOKEN));
  });
  await assertRejects(() => within.file(PLACE, long), RangeError, "stop");
  assertEquals(reads, 3);
});

Deno.test("of an entry's headers each value is told once for each entry; blocks of zeros are not read", () => {
  const [a, b] = ["aaaa1111-x", "bbbb2222-y"];
  const reader = newReader(undefined, [a, b]);
  const entry = (path: string, link: string, ...headers: string[]) =>
    reader.headers(
      "l",
      {
        path,
        link,
        headers: headers.map(encode),
      } as unknown as Parameters<ContentReader["headers"]>[1],
    );
  entry(a, "", `x ${a}`, `y ${b} ${a}`, `${b}`);
  entry(a, "", a);
  entry("n", b);
  assertEquals(
    reader.finds.finds.map(({ blob, part, path, value, offset }) => [
      blob,
      part,
      path,
      value,
      offset,
    ]),
    [
      ["l", "name", a, 0, 0],
      ["l", "name", a, 1, 2],
      ["l", "name", a, 0, 0],
      ["l", "name", "n", 1, 2],
    ],
  );
  const { bytes } = reader.finds;
  reader.padding("l", "z", new Uint8Array(100));
  assertEquals(reader.finds.bytes, bytes);
  reader.padding("l", "z", encode(`\0${a}`));
  reader.bytes("m", encode(`x${b}`));
  assertEquals(
    reader.finds.finds.slice(4).map(({ blob, part, path, offset }) => [
      blob,
      part,
      path,
      offset,
    ]),
    [["l", "name", "z", 1], ["m", "file", "", 1]],
  );
});

Deno.test("an archive is known packed or not, and what is neither is none", async () => {
  const tar = await tarBytes({ f: "content" });
  const cases: [Uint8Array, boolean][] = [
    [tar, true],
    [new Uint8Array(512), true],
    [new Uint8Array(511), false],
    [new Uint8Array(513), true],
    [join(new Uint8Array(511), encode("x")), false],
    [join(new Uint8Array(512), encode("x")), true],
    [gzipSync(tar), true],
    [gzipSync(new Uint8Array(512)), true],
    [gzipSync(new Uint8Array(511)), false],
    [gzipSync(encode("content")), false],
    [encode("PK\x03\x04"), false],
    [tar.subarray(0, 511), false],
  ];
  for (const [bytes, isArchive] of cases) {
    for (const size of [1 << 20, 5]) {
      const source = await openArchive(sourceOf(bytes, size));
      assertEquals(source !== undefined, isArchive);
      if (bytes === tar) assertEquals(await restOf(source!), tar);
    }
  }
});

Deno.test("an archive's documents are kept by name, its links lead to names, and blobs are layers or files", async () => {
  const link = (name: string, target: string) => {
    const header = tarHeader(name, 0);
    header.set(encode("2"), 156);
    header.set(encode(target), 157);
    header.set(encode("        "), 148);
    const sum = header.reduce((a, b) => a + b, 0);
    header.set(encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
    return header;
  };
  const layer = await tarBytes({ "etc/f": `a ${TOKEN}` });
  const entries = async (files: Record<string, string | Uint8Array>) =>
    (await tarBytes(files)).slice(0, -1024);
  const tar = join(
    await entries({
      "./manifest.json": "[]",
      "././d/x.json": "{}",
      "/.//abs.json": "{}",
      ".hidden.json": "{}",
      "text": `x ${TOKEN}`,
      "d/layer.tar": layer,
      "d/packed": gzipSync(layer),
      "d/file.gz": gzipSync(encode(`xy ${TOKEN}`)),
      "d/zip": encode(`PK\x03\x04${TOKEN}`),
      "{.tar": await tarBytes({ "{ a document?": TOKEN }),
    }),
    link("d/sub/layer.tar", "../layer.tar"),
    link("./l", "a%zz"),
    link("m", "b%20c"),
    new Uint8Array(1024),
  );
  for (const size of [1 << 20, 100]) {
    const reader = newReader();
    const { files, links } = await readArchive(sourceOf(tar, size), reader);
    assertEquals([...files].map(([name, { length }]) => `${name} ${length}`), [
      "manifest.json 2",
      "d/x.json 2",
      "abs.json 2",
      ".hidden.json 2",
    ]);
    assertEquals([...links], [
      ["d/sub/layer.tar", "d/layer.tar"],
      ["l", "a%zz"],
      ["m", "b c"],
    ]);
    assertEquals(
      reader.finds.finds.map(({ blob, path, packed, offset }) =>
        [blob, path, packed ?? "-", offset].join(" ")
      ),
      [
        "text  - 2",
        "d/layer.tar etc/f - 2",
        "d/packed etc/f - 2",
        "d/file.gz  gzip 3",
        "d/zip  - 4",
        "{.tar { a document? - 0",
      ],
    );
  }
});

Deno.test("of a packed layer the bytes are looked through as they are, for what is not in its files", async () => {
  const [name, content] = ["name-in-header", "content-of-file"];
  const packed = (tar: Uint8Array, level: number) => {
    const bytes = gzipSync(tar, { level });
    // A gzip header with the name of the file.
    const head = bytes.slice(0, 10);
    head[3] = 8;
    return join(head, encode(`${name}\0`), bytes.subarray(10));
  };
  const layer = await tarBytes({ f: content });
  const search = async (blob: Uint8Array, size?: number) => {
    const reader = newReader(undefined, [name, content]);
    await readArchive(sourceOf(await tarBytes({ blob }), size), reader);
    return [
      reader.finds.finds.map(({ value, path, packed }) =>
        `${value} ${path} ${packed ?? "-"}`
      ),
      reader.unreadable,
    ];
  };
  assertEquals(await search(packed(layer, 0)), [["1 f -", "0  -"], []]);
  assertEquals(await search(packed(layer, 0), 100), [["1 f -", "0  -"], []]);
  assertEquals(await search(zstdCompressSync(layer)), [["1 f -"], []]);
  const named = await tarBytes({ [name]: content });
  assertEquals(await search(named), [[`0 ${name} -`, `1 ${name} -`], []]);
  // What was found in another blob is found in this one, too.
  const reader = newReader(undefined, [name]);
  const two = await tarBytes({ a: name, blob: packed(layer, 9) });
  await readArchive(sourceOf(two), reader);
  assertEquals(reader.finds.finds.map(({ blob }) => blob), ["a", "blob"]);
  // Of one that is damaged the rest is looked through as it is.
  const damaged = packed(layer, 9).fill(0xff, 26, 60);
  const rest = new Uint8Array(5000).fill(0x61);
  assertEquals(
    await search(join(damaged, rest, encode(content)), 100),
    [["0  -", "1  -"], [{ blob: "blob", path: "" }]],
  );
  // What is no layer is told in both.
  assertEquals(await search(packed(encode(content), 0)), [
    ["1  gzip", "0  -", "1  -"],
    [],
  ]);
  const cut = packed(layer, 0).slice(0, -1);
  assertEquals(await search(cut), [
    ["1 f -", "0  -"],
    [{ blob: "blob", path: "" }],
  ]);
  assertEquals(await search(join(packed(layer, 9), encode("more"))), [
    ["1 f -", "0  -"],
    [{ blob: "blob", path: "" }],
  ]);
  // A layer that ends too early.
  assertEquals((await search(layer.slice(0, 700)))[1], [
    { blob: "blob", path: "" },
  ]);
});

Deno.test("documents are kept up to 8 MiB each and 64 MiB together", async () => {
  const most = 8 * 1024 * 1024;
  const chunk = new Uint8Array(most + 512).fill(0x20);
  chunk[0] = 0x5b;
  const entry = (name: string, size: number) => [
    tarHeader(name, size),
    chunk.subarray(0, Math.ceil(size / 512) * 512),
  ];
  const names = Array.from({ length: 8 }, (_, i) => `${i}.json`);
  const pieces = [
    ...entry("long.json", most + 1),
    ...names.flatMap((name) => entry(name, most)),
    ...entry("more.json", 1),
    new Uint8Array(1024),
  ].values();
  const reader = newReader();
  const { files } = await readArchive(
    new ByteStream(() => Promise.resolve(pieces.next().value ?? null)),
    reader,
  );
  assertEquals([...files.keys()], names);
  assertEquals(files.get("7.json")!.length, most);
});

Deno.test("a source that fails within a blob is no damage of the blob", async () => {
  const layer = await tarBytes({ f: TOKEN, g: "x".repeat(9000) });
  for (const blob of [layer, join(gzipSync(layer, { level: 0 }))]) {
    const tar = await tarBytes({ blob });
    for (const length of [1536 + 600, 5000]) {
      const reader = newReader();
      const source = broken(tar.subarray(0, length), new RangeError("gone"));
      await assertRejects(
        () => readArchive(source, reader),
        RangeError,
        "gone",
      );
      assertEquals(reader.finds.finds.length, 1);
      assertEquals(reader.unreadable, []);
    }
    await assertRejects(
      () => readArchive(sourceOf(tar.subarray(0, 5000)), newReader()),
      NotTarError,
    );
  }
});

Deno.test("an image without layers is its configuration and history, from the first instruction on", async () => {
  const signal = new AbortController().signal;
  const asked: unknown[] = [];
  const engine = (rootFs: unknown, fails = false) => ({
    json: (request: { path: string; signal?: AbortSignal }) => {
      asked.push([request.path, request.signal === signal]);
      if (fails) return Promise.reject(new Error("no such image"));
      return Promise.resolve(
        request.path.endsWith("/json")
          ? { Id: "i", Config: { Env: ["A=b"] }, RootFS: rootFs, Os: "linux" }
          : [
            { CreatedBy: "second", Comment: "c2", Size: 1 },
            { CreatedBy: "first", Comment: "", Size: 0 },
          ],
      );
    },
  } as unknown as Engine);
  for (const none of [{ Layers: [] }, { Layers: null }, {}, undefined]) {
    asked.length = 0;
    const documents = await bareImage(engine(none), "n:1", signal);
    const text = new TextDecoder().decode(documents!.files.get("config.json"));
    assertEquals(JSON.parse(text), {
      Id: "i",
      Os: "linux",
      config: { Env: ["A=b"] },
      history: [
        { created_by: "first", comment: "" },
        { created_by: "second", comment: "c2" },
      ],
    });
    assertEquals([documents!.files.size, documents!.links.size], [1, 0]);
    assertEquals(asked, [
      ["/images/n:1/json", true],
      ["/images/n:1/history", true],
    ]);
  }
  assertEquals(BARE_LAYOUT.isImage, true);
  assertEquals(await bareImage(engine({ Layers: ["a"] }), "n:1"), undefined);
  assertEquals(await bareImage(engine({}, true), "n:1"), undefined);
});
