import { gzipSync, zstdCompressSync } from "node:zlib";
import { ProtocolError, verifySecrets } from "../../mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { tarBytes, tarOf } from "../support/tar.ts";
import { newToken } from "./keys.ts";

const TOKEN = newToken();

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return `sha256:${new Uint8Array(digest).toHex()}`;
}

/** A store of blobs as OCI's layout has them. */
class Layout {
  readonly files: Record<string, string | Uint8Array> = {
    "oci-layout": '{"imageLayoutVersion":"1.0.0"}',
  };

  async add(content: unknown, mediaType: string) {
    const bytes = content instanceof Uint8Array
      ? new Uint8Array(content)
      : new TextEncoder().encode(JSON.stringify(content));
    const digest = await digestOf(bytes);
    this.files[`blobs/${digest.replace(":", "/")}`] = bytes;
    return { mediaType, digest, size: bytes.length };
  }
}

async function image(
  layout: Layout,
  config: unknown,
  layers: readonly Uint8Array[],
  type: string,
) {
  return await layout.add({
    schemaVersion: 2,
    config: await layout.add(
      config,
      "application/vnd.oci.image.config.v1+json",
    ),
    layers: await Promise.all(layers.map((layer) => layout.add(layer, type))),
  }, "application/vnd.oci.image.manifest.v1+json");
}

Deno.test("an index of two platforms and an attestation: every layer of every manifest", async () => {
  const layout = new Layout();
  const [first, second] = [
    await tarBytes({ "etc/a": "nothing" }),
    await tarBytes({ "etc/b": `the ${TOKEN}` }),
  ];
  const config = {
    config: { Env: ["A=1", `B=${TOKEN}`] },
    history: [
      { created_by: "COPY a" },
      { created_by: "ENV B=…", empty_layer: true },
      { created_by: `RUN echo ${TOKEN}` },
    ],
    rootfs: { diff_ids: [await digestOf(first), await digestOf(second)] },
  };
  const zstd = await image(
    layout,
    config,
    [zstdCompressSync(first), zstdCompressSync(second)],
    "application/vnd.oci.image.layer.v1.tar+zstd",
  );
  const gzip = await image(
    layout,
    { config: {}, rootfs: { diff_ids: [] } },
    [gzipSync(first), gzipSync(second)],
    "application/vnd.oci.image.layer.v1.tar+gzip",
  );
  const attestation = await layout.add({
    schemaVersion: 2,
    config: await layout.add({}, "application/vnd.oci.image.config.v1+json"),
    layers: [
      await layout.add(
        { predicateType: "x", predicate: { args: { "build-arg:T": TOKEN } } },
        "application/vnd.in-toto+json",
      ),
    ],
  }, "application/vnd.oci.image.manifest.v1+json");
  const index = await layout.add(
    { schemaVersion: 2, manifests: [zstd, gzip, attestation] },
    "application/vnd.oci.image.index.v1+json",
  );
  layout.files["index.json"] = JSON.stringify({
    schemaVersion: 2,
    manifests: [{ ...index, annotations: { name: `x-${TOKEN}` } }],
  });
  const { finds } = await verifySecrets(tarOf(layout.files), { t: TOKEN });
  assertEquals(
    finds.map(({ part, layer, layerNumber, path, offset, instruction }) => [
      part,
      layer?.slice(0, 10),
      layerNumber,
      path,
      offset,
      instruction,
    ]).toSorted(),
    [
      ["attestation", undefined, undefined, "predicate.args.build-arg:T", 0],
      ["config", undefined, undefined, "config.Env[1]", 2],
      [
        "file",
        config.rootfs.diff_ids[1]!.slice(0, 10),
        2,
        "etc/b",
        4,
        "RUN echo ***",
      ],
      [
        "file",
        `sha256:${
          (await digestOf(new Uint8Array(gzipSync(second)))).slice(7, 10)
        }`,
        2,
        "etc/b",
        4,
      ],
      ["history", undefined, undefined, "history[2].created_by", 9],
      [
        "manifest",
        undefined,
        undefined,
        "manifests[0].annotations.name",
        2,
      ],
    ].map((row) => [...row, ...Array(6 - row.length).fill(undefined)])
      .toSorted(),
  );
});

Deno.test("layers are told from the lowest, each place once, and what lies behind an end", async () => {
  const layout = new Layout();
  const layers = [
    await tarBytes({ a: TOKEN }),
    new Uint8Array([
      ...await tarBytes({ b: "nothing" }),
      ...new TextEncoder().encode(`junk ${TOKEN}`),
    ]),
  ];
  // A store is in the order of its digests, or any other.
  const type = "application/vnd.oci.image.layer.v1.tar+gzip";
  const packed = layers.map((layer) => gzipSync(layer, { level: 0 }));
  await layout.add(packed[1]!, type);
  const manifest = await image(layout, { config: {} }, packed, type);
  layout.files["index.json"] = JSON.stringify({ manifests: [manifest] });
  const { finds } = await verifySecrets(tarOf(layout.files), { t: TOKEN });
  assertEquals(
    finds.map(({ layerNumber, path, offset }) => [layerNumber, path, offset]),
    // Behind the block of zeros that ends an archive.
    [[1, "a", 0], [2, "", 512 + 5]],
  );
});

Deno.test("an archive that is cut off, or is none, is an error and no proof", async () => {
  const tar = await tarBytes({ a: "x".repeat(3000), b: "y".repeat(3000) });
  for (const length of [700, 1600, 3000, 4200, 5000]) {
    await assertRejects(
      () =>
        verifySecrets(new Blob([tar.subarray(0, length)]).stream(), {
          t: TOKEN,
        }),
      ProtocolError,
      "in the middle",
    );
  }
  const wrong = tar.slice();
  wrong[3584]! ^= 1; // the second header
  await assertRejects(
    () => verifySecrets(new Blob([wrong]).stream(), { t: TOKEN }),
    ProtocolError,
    "checksum",
  );
  // An archive within one is a file like any other.
  const { finds, unreadable } = await verifySecrets(
    tarOf({ "a.tar": tar.subarray(0, 3000), b: TOKEN }),
    { t: TOKEN },
  );
  assertEquals([finds.length, unreadable], [1, ["a.tar"]]);
});
