import { gzipSync } from "node:zlib";
import { type SecretFind, SecretLeakError, verifySecrets } from "../../mod.ts";
import { concatBytes } from "../../lib/streams/bytes.ts";
import { tarChecksum } from "../../lib/streams/tar_block.ts";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { tarBytes, tarHeader, tarOf } from "../support/tar.ts";

const TOKEN = "tk-9f8e7d6c5+x/b4a392=&81706";
const encode = (text: string) => new TextEncoder().encode(text);
const join = (...parts: Uint8Array[]) => parts.reduce(concatBytes);
const END = new Uint8Array(1024);

/** One entry of an archive, with what fills its last block. */
function entry(name: string, content: string | Uint8Array, padding = "") {
  const bytes = typeof content === "string" ? encode(content) : content;
  const rest = new Uint8Array((512 - bytes.length % 512) % 512);
  rest.set(encode(padding));
  return join(tarHeader(name, bytes.length), bytes, rest);
}

/** A header that says something else, with the sum of that. */
function changed(
  header: Uint8Array,
  ...changes: [at: number, bytes: Uint8Array][]
): Uint8Array {
  const copy = header.slice();
  for (const [at, bytes] of changes) copy.set(bytes, at);
  const sum = tarChecksum(copy).toString(8).padStart(6, "0");
  copy.set(encode(`${sum}\0 `), 148);
  return copy;
}

/** An extended header of PAX. */
function pax(fields: Record<string, string>): Uint8Array {
  const records = Object.entries(fields).map(([name, value]) => {
    const rest = ` ${name}=${value}\n`;
    let length = rest.length + 1;
    while (`${length}${rest}`.length !== length) length++;
    return `${length}${rest}`;
  });
  const bytes = encode(records.join(""));
  const header = changed(tarHeader("pax", bytes.length), [156, encode("x")]);
  return join(header, bytes, new Uint8Array((512 - bytes.length % 512) % 512));
}

async function search(
  tar: Uint8Array,
  secrets: Record<string, string> = { t: TOKEN },
): Promise<readonly SecretFind[]> {
  const stream = new Blob([new Uint8Array(tar)]).stream();
  return (await verifySecrets(stream, secrets)).finds;
}

const placesOf = (finds: readonly SecretFind[]) =>
  finds.map(({ id, part, path, offset }) => [id, part, path, offset]);

Deno.test("an empty archive holds nothing, packed or not", async () => {
  for (const tar of [END, new Uint8Array(10_240), gzipSync(END)]) {
    assertEquals(await search(tar), []);
  }
  await assertRejects(() => search(new Uint8Array(0)), TypeError, "no tar");
  await assertRejects(() => search(new Uint8Array(99)), TypeError, "no tar");
});

Deno.test("what lies behind an archive's end, and in what fills its blocks, is looked through", async () => {
  const tar = join(
    entry("a", "content", `fill ${TOKEN}`),
    entry("b", "content"),
    END,
    encode(`behind ${TOKEN}`),
  );
  assertEquals(placesOf(await search(tar)), [
    ["t", "name", "a", 5],
    ["t", "file", "", 512 + 7],
  ]);
  const [inLayer] = await search(join(entry("layer", tar), END));
  assertEquals([inLayer?.part, inLayer?.path], ["name", "layer!/a"]);
  const error = new SecretLeakError({
    finds: await search(tar),
    imageId: "",
    removed: [],
    kept: [],
  });
  assertMatch(
    error.message,
    /"t" in what lies behind the end of the archive, at byte/,
  );
  // Behind what an extended header says, too.
  const header = pax({ comment: "x" });
  header.set(encode(TOKEN), header.length - 100);
  assertEquals(
    placesOf(await search(join(header, entry("c", ""), END))).map((place) =>
      place.slice(0, 3)
    ),
    [["t", "name", "c"]],
  );
});

Deno.test("of two documents with one name both are looked through", async () => {
  const tar = join(
    entry("a.json", `{"t":"${TOKEN}"}`),
    entry("a.json", "{}"),
    END,
  );
  assertEquals(placesOf(await search(tar)), [["t", "file", "a.json", 6]]);
});

Deno.test("a document that is nested deeply is looked through", async () => {
  const depth = 500_000;
  const deep = `${"[".repeat(depth)}"${TOKEN}"${"]".repeat(depth)}`;
  const files = {
    "manifest.json": JSON.stringify([{ Config: "c.json", Layers: [] }]),
    "c.json": `{"config":${deep}}`,
  };
  const { finds } = await verifySecrets(tarOf(files), { t: TOKEN });
  assertEquals(finds.map(({ part }) => part), ["config"]);
  assertMatch(finds[0]!.path, /^config\[0\]\[0\]/);
});

Deno.test("in the headers of an entry each secret is found, and once", async () => {
  const [a, b] = ["cache-aaaa1111", "bbbb2222-xattr"];
  const tar = join(
    pax({ "SCHILY.xattr.user.b": `${b} ${a}` }),
    entry(a, ""),
    END,
  );
  assertEquals(
    placesOf(await search(tar, { a, b })).map((place) => place.slice(0, 3)),
    [["a", "name", "***"], ["b", "name", "***"]],
  );
});

Deno.test("sizes, paths and links are read wherever a header has them", async () => {
  const content = `12345678${TOKEN}`;
  const size = content.length;
  const bytes = encode(content);
  const rest = new Uint8Array(512 - size);
  const binary = new Uint8Array(12);
  binary[0] = 0x80;
  binary[11] = size;
  const sized: Uint8Array[] = [
    entry("f", content),
    // By PAX, which counts more than the header.
    join(pax({ size: `${size}` }), tarHeader("f", 0), bytes, rest),
    // In the bytes themselves.
    join(changed(tarHeader("f", 0), [124, binary]), bytes, rest),
  ];
  for (const file of sized) {
    const tar = join(file, entry("behind", TOKEN), END);
    assertEquals(placesOf(await search(tar)), [
      ["t", "file", "f", 8],
      ["t", "file", "behind", 0],
    ]);
  }
  const link = changed(tarHeader("l", 0), [156, encode("2")]);
  const long = join(
    pax({ linkpath: `/${TOKEN}`, path: "long/name" }),
    link,
    END,
  );
  const [find] = await search(long);
  assertEquals([find?.part, find?.path], ["name", "long/name"]);
});

Deno.test("an extended header that has no end is an error", async () => {
  const header = changed(
    tarHeader("pax", 1024 * 1024 + 1),
    [156, encode("x")],
  );
  await assertRejects(
    () => search(join(header, new Uint8Array(4096))),
    Error,
    "without end",
  );
});

Deno.test("a document that is too long to be read as one is looked through as a file", async () => {
  const filler = " ".repeat(9 * 1024 * 1024);
  const json = `{"t":"${TOKEN.replace("/", "\\/")}"${filler}}`;
  const { finds } = await verifySecrets(tarOf({ "a.json": json }), {
    t: TOKEN,
  });
  assertEquals(
    finds.map(({ form, path }) => [form, path]),
    [["json", "a.json"]],
  );
});

Deno.test("names with a slash in a secret are found in a folder, once", async () => {
  await withTempFolder(async (folder) => {
    const secret = "one-part/another-part";
    await Deno.mkdir(`${folder}/x/${secret}/below`, { recursive: true });
    await Deno.writeTextFile(`${folder}/x/${secret}/below/f`, "");
    const { finds } = await verifySecrets(folder, { secret });
    assertEquals(placesOf(finds), [["secret", "name", "x/***", 2]]);
  });
});

Deno.test("where nothing can be looked for, the source must be there all the same", async () => {
  await withTempFolder(async (folder) => {
    for (const secrets of [{}, { t: "abc" }, { t: () => undefined }]) {
      await assertRejects(
        () => verifySecrets(`${folder}/none`, secrets),
        TypeError,
        "there is no",
      );
    }
    const said = await verifySecrets(folder, {
      short: "abc",
      t: TOKEN,
      none: () => undefined,
    });
    assertEquals([said.searched, said.skipped], [["t"], ["short", "none"]]);
  });
  for (const source of [undefined, null, 5, {}]) {
    await assertRejects(
      () => verifySecrets(source as unknown as string, { t: TOKEN }),
      TypeError,
      "expected a path",
    );
  }
});

Deno.test("a source that fails, or a signal, ends the search, and the source is cancelled", async () => {
  const abort = new AbortController();
  let cancelled: unknown;
  let pulls = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulls++ === 0) return controller.enqueue(tarHeader("f", 2 ** 32));
      // Within one long file.
      if (pulls === 20) abort.abort(new RangeError("enough"));
      controller.enqueue(new Uint8Array(1000));
    },
    cancel: (reason) => void (cancelled = reason),
  }, { highWaterMark: 0 });
  const error = await assertRejects(
    () => verifySecrets(endless, { t: TOKEN }, { signal: abort.signal }),
    RangeError,
    "enough",
  );
  assertEquals(cancelled, error);
  const none = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(600).fill(1)),
    cancel: (reason) => void (cancelled = reason),
  }, { highWaterMark: 0 });
  const refused = await assertRejects(
    () => verifySecrets(none, { t: TOKEN }),
    TypeError,
    "no tar",
  );
  assertEquals(cancelled, refused);
});

Deno.test("any number of finds may be ignored", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 1500 }, (_, i) => [`f${i}`, "NODE_ENV=production"]),
  );
  const secrets = { env: `NODE_ENV=production\nPASSWORD=${TOKEN}\n` };
  const tar = await tarBytes({ ...files, leak: TOKEN.repeat(3) });
  const { finds, findsLost } = await verifySecrets(
    new Blob([tar]).stream(),
    { ...secrets, t: TOKEN },
    { ignore: ({ form }) => form === "line" },
  );
  assertEquals(
    [finds.map(({ id, path }) => [id, path]), findsLost],
    [[["t", "leak"]], 0],
  );
});
