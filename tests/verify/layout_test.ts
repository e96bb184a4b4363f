import { type SecretFind, verifySecrets } from "../../mod.ts";
import { concatBytes } from "../../lib/streams/bytes.ts";
import { tarChecksum } from "../../lib/streams/tar_block.ts";
import { assertEquals } from "../support/assert.ts";
import { tarBytes, tarHeader, tarOf } from "../support/tar.ts";

const TOKEN = "tk-9f8e7d6c5+x/b4a392=&81706";
const encode = (text: string) => new TextEncoder().encode(text);
const join = (...parts: Uint8Array[]) => parts.reduce(concatBytes);

function entry(name: string, content: string | Uint8Array): Uint8Array {
  const bytes = typeof content === "string" ? encode(content) : content;
  const rest = new Uint8Array((512 - bytes.length % 512) % 512);
  return join(tarHeader(name, bytes.length), bytes, rest);
}

function symlink(name: string, target: string): Uint8Array {
  const header = tarHeader(name, 0);
  header.set(encode("2"), 156);
  header.set(encode(target), 157);
  const sum = tarChecksum(header).toString(8).padStart(6, "0");
  header.set(encode(`${sum}\0 `), 148);
  return header;
}

const told = (finds: readonly SecretFind[]) =>
  finds.map(({ part, path, layerNumber }) => [part, path, layerNumber]);

Deno.test("a layer that is a link to that of another image is told by its number", async () => {
  const layer = await tarBytes({ "etc/app": TOKEN });
  for (const target of ["../a/layer.tar", "/a/layer.tar"]) {
    const tar = join(
      entry("a/layer.tar", layer),
      symlink("b/layer.tar", target),
      entry("c.json", '{"rootfs":{"diff_ids":["sha256:1"]}}'),
      entry(
        "manifest.json",
        JSON.stringify([{ Config: "c.json", Layers: ["b/layer.tar"] }]),
      ),
      new Uint8Array(1024),
    );
    const { finds } = await verifySecrets(
      new Blob([new Uint8Array(tar)]).stream(),
      { t: TOKEN },
    );
    assertEquals(told(finds), [["file", "etc/app", 1]], target);
    assertEquals(finds[0]!.layer, "sha256:1");
  }
});

Deno.test("a value that is text in one document and a number in another is told of both", async () => {
  const { finds } = await verifySecrets(
    tarOf({
      "manifest.json": JSON.stringify([
        { Config: "c.json", Layers: ["a"] },
        { Config: "d.json", Layers: ["a"] },
      ]),
      "c.json": JSON.stringify({ note: "1234567890123", config: {} }),
      "d.json": JSON.stringify({ note: 1234567890123, config: {} }),
      a: "",
    }),
    { t: "1234567890123" },
  );
  assertEquals(finds.length, 2, JSON.stringify(finds));
});

Deno.test("documents that hold something else in each place are looked through all the same", async () => {
  // No text can be made of the last two.
  for (
    const odd of [5, null, [], {}, { toString: 1 }, {
      valueOf: 1,
      toString: null,
    }]
  ) {
    const places: unknown[] = [
      [{ Config: "c.json", Layers: [odd] }],
      [{ Config: odd, Layers: odd }, odd],
      [{ Config: "c.json", Layers: ["a"] }],
    ];
    for (const manifest of places) {
      const { finds } = await verifySecrets(
        tarOf({
          "manifest.json": JSON.stringify(manifest),
          "oci-layout": "{}",
          "index.json": JSON.stringify({ manifests: [{ digest: odd }, odd] }),
          "blobs/x/1": JSON.stringify({
            config: { digest: odd },
            layers: [{ mediaType: odd, digest: odd }],
          }),
          "c.json": JSON.stringify({
            rootfs: { diff_ids: [odd] },
            history: [{ created_by: odd, comment: odd }],
            note: TOKEN,
          }),
          a: "",
        }),
        { t: TOKEN },
      );
      assertEquals(finds.map(({ path }) => path).includes("note"), true);
    }
  }
});

Deno.test("a layer whose kind is no text, and can't become one, is a layer", async () => {
  const { finds } = await verifySecrets(
    tarOf({
      "oci-layout": "{}",
      "index.json": JSON.stringify({ manifests: [{ digest: "x:1" }] }),
      "blobs/x/1": JSON.stringify({
        config: { digest: "x:2" },
        layers: [{ mediaType: { toString: null, valueOf: 1 }, digest: "x:3" }],
      }),
      "blobs/x/2": JSON.stringify({ config: { Env: [`A=${TOKEN}`] } }),
      "blobs/x/3": "",
    }),
    { t: TOKEN },
  );
  assertEquals(told(finds), [["config", "config.Env[0]", undefined]]);
});

Deno.test("indexes in indexes come to an end, and what is below is looked through all the same", async () => {
  const files: Record<string, string> = {
    "oci-layout": "{}",
    "index.json": JSON.stringify({ manifests: [{ digest: "x:0" }] }),
  };
  for (let i = 0; i < 12; i++) {
    files[`blobs/x/${i}`] = JSON.stringify({
      note: i === 0 || i === 11 ? TOKEN : "",
      // The last leads back to the first.
      manifests: [{ digest: `x:${(i + 1) % 12}` }, { digest: `x:${i}` }],
    });
  }
  const { finds } = await verifySecrets(tarOf(files), { t: TOKEN });
  assertEquals(told(finds), [
    ["manifest", "note", undefined],
    ["manifest", "note", undefined],
  ]);
});

Deno.test("of documents 64 MiB are kept at the most; the rest is looked through as it passes", async () => {
  const filler = " ".repeat(7 * 1024 * 1024);
  const documents = 11;
  function* chunks(): Generator<Uint8Array> {
    yield entry(
      "manifest.json",
      JSON.stringify(
        Array.from({ length: documents }, (_, i) => ({
          Config: `${i}.json`,
          Layers: [],
        })),
      ),
    );
    for (let i = 0; i < documents; i++) {
      yield entry(`${i}.json`, `{"t":"${TOKEN}"${filler}}`);
    }
    yield new Uint8Array(1024);
  }
  const { finds } = await verifySecrets(ReadableStream.from(chunks()), {
    t: TOKEN,
  });
  assertEquals(finds.length, documents);
  const kept = finds.filter(({ part }) => part === "config").length;
  assertEquals(kept, Math.floor(64 / 7));
  assertEquals(finds.filter(({ part }) => part === "file").length, 2);
});
