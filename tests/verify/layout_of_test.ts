import { readDocuments } from "../../lib/verify/documents.ts";
import { FindCollector } from "../../lib/verify/find.ts";
import {
  type ImageLayout,
  parseDocument,
  readLayout,
} from "../../lib/verify/image_layout.ts";
import { createFinder } from "../../lib/redact/finder.ts";
import { assert, assertEquals } from "../support/assert.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function layoutOf(
  files: Readonly<Record<string, unknown>>,
  links: Readonly<Record<string, string>> = {},
): ImageLayout {
  return readLayout({
    files: new Map(
      Object.entries(files).map(([name, value]) => [
        name,
        encode(typeof value === "string" ? value : JSON.stringify(value)),
      ]),
    ),
    links: new Map(Object.entries(links)),
  });
}

const told = ({ isImage, layers, parts, legacy }: ImageLayout) => ({
  isImage,
  layers: Object.fromEntries(layers),
  parts: Object.fromEntries(parts),
  legacy: [...legacy],
});

const CONFIG = {
  history: [
    { created_by: "FROM" },
    { created_by: "ENV", empty_layer: true },
    { comment: "RUN", empty_layer: false },
    null,
  ],
  rootfs: { diff_ids: ["sha256:d1", 7] },
};

Deno.test("an image as engines save it is read: layers, their instructions, and what documents are", () => {
  const layout = layoutOf({
    "manifest.json": [{ Config: "c.json", Layers: ["l1", "l2"] }],
    "c.json": CONFIG,
    "l1/json": { id: "1" },
    "old.json": { container_config: {} },
    "statement": { predicateType: "x" },
    "repositories": {},
    "noise": "no json",
  }, { l2: "shared" });
  assertEquals(told(layout), {
    isImage: true,
    layers: {
      l1: { digest: "sha256:d1", number: 1, instruction: "FROM" },
      l2: { digest: "l2", number: 2, instruction: "RUN" },
      shared: { digest: "l2", number: 2, instruction: "RUN" },
    },
    parts: {
      "manifest.json": "manifest",
      "c.json": "config",
      "l1/json": "config",
      "old.json": "config",
      "statement": "attestation",
      "repositories": "manifest",
      "noise": "manifest",
    },
    legacy: ["l1/json", "old.json"],
  });
});

Deno.test("an image of OCI is read through its indexes, and what is attested of it", () => {
  const digest = (name: string) => ({ digest: `sha256:${name}` });
  const layout = layoutOf({
    "oci-layout": {},
    "index.json": { manifests: [digest("index"), null, digest("index")] },
    "blobs/sha256/index": {
      manifests: [digest("m"), digest("a"), digest("none")],
    },
    "blobs/sha256/m": {
      config: digest("c"),
      layers: [digest("l1"), digest("l2"), digest("l3")],
    },
    "blobs/sha256/c": { ...CONFIG, rootfs: undefined },
    "blobs/sha256/a": {
      config: digest("ac"),
      layers: [
        { mediaType: "application/vnd.in-toto+json", ...digest("p") },
        { mediaType: "text/spdx+json", ...digest("s") },
        { mediaType: "x/cyclonedx", ...digest("y") },
        { mediaType: "application/tar", ...digest("l1") },
        { mediaType: 7, ...digest("z") },
      ],
    },
  });
  const layer = (name: string, number: number) => ({
    digest: `sha256:${name}`,
    number,
    instruction: undefined,
  });
  assertEquals(told(layout), {
    isImage: true,
    layers: {
      // Two made layers are not told of three.
      "blobs/sha256/l1": layer("l1", 1),
      "blobs/sha256/l2": layer("l2", 2),
      "blobs/sha256/l3": layer("l3", 3),
      "blobs/sha256/p": layer("p", 1),
      "blobs/sha256/s": layer("s", 2),
      "blobs/sha256/y": layer("y", 3),
      "blobs/sha256/z": layer("z", 5),
    },
    parts: {
      "index.json": "manifest",
      "blobs/sha256/index": "manifest",
      "blobs/sha256/m": "manifest",
      "blobs/sha256/c": "config",
      "blobs/sha256/a": "manifest",
      "blobs/sha256/ac": "config",
      "blobs/sha256/p": "attestation",
      "blobs/sha256/s": "attestation",
      "blobs/sha256/y": "attestation",
      "oci-layout": "manifest",
    },
    legacy: [],
  });
});

Deno.test("what is like an image is none, and indexes in indexes have an end", () => {
  for (
    const files of [
      {},
      { "index.json": { manifests: [] } },
      { "manifest.json": {} },
      { "manifest.json": [{ Config: 7, Layers: [] }] },
      { "manifest.json": [{ Config: "c", Layers: "l" }] },
      { "manifest.json": "no json", "oci-layout": {} },
      { "a/json": { container_config: {} } },
    ] as Record<string, unknown>[]
  ) {
    assertEquals(told(layoutOf(files)), {
      isImage: false,
      layers: {},
      parts: {},
      legacy: [],
    });
  }
  const files: Record<string, unknown> = {
    "oci-layout": {},
    "index.json": { manifests: [{ digest: "sha256:1" }] },
  };
  for (let i = 1; i < 12; i++) {
    files[`blobs/sha256/${i}`] = {
      manifests: [{ digest: `sha256:${i + 1}` }],
      config: { digest: `sha256:c${i}` },
    };
  }
  const { parts } = layoutOf(files);
  assert(parts.has("blobs/sha256/c8"));
  assert(!parts.has("blobs/sha256/c9"));
  assertEquals(parseDocument(undefined), undefined);
  assertEquals(parseDocument(encode("null")), undefined);
  assertEquals(parseDocument(encode("0")), 0);
});

const TOKEN = "hunter2-hunter3";

/** What is found in documents, in its order. */
function findsIn(
  files: Readonly<Record<string, unknown>>,
  layout: Partial<ImageLayout>,
): string[] {
  const finds = new FindCollector(createFinder([encode(TOKEN)]), 100);
  readDocuments(
    {
      files: new Map(
        Object.entries(files).map(([name, value]) => [
          name,
          encode(typeof value === "string" ? value : JSON.stringify(value)),
        ]),
      ),
      links: new Map(),
    },
    {
      isImage: true,
      layers: new Map(),
      parts: new Map(),
      legacy: new Set(),
      ...layout,
    },
    finds,
  );
  return finds.finds.map(({ blob, part, path, form, offset }) =>
    `${blob} ${part} ${path} ${form} ${offset}`
  );
}

Deno.test("the documents of an image are looked through field by field", () => {
  const parts = new Map([["c", "config"], ["m", "manifest"]] as const);
  const config = {
    config: { Env: ["A=1", `B=${TOKEN}`], [TOKEN]: 1 },
    history: [{ created_by: `x${TOKEN}` }],
    historyOf: TOKEN,
    n: [[{ a: [null, TOKEN] }]],
  };
  assertEquals(findsIn({ c: config }, { parts }), [
    "c config config.Env[1] plain 2",
    `c config config.${TOKEN} plain 0`,
    "c history history[0].created_by plain 1",
    "c config historyOf plain 0",
    "c config n[0][0].a[1] plain 0",
  ]);
  assertEquals(findsIn({ m: { history: [TOKEN] } }, { parts }), [
    "m manifest history[0] plain 0",
  ]);
  // What is no JSON, or of no image, is looked through as it is.
  assertEquals(findsIn({ c: `{${TOKEN}` }, { parts }), ["c config  plain 1"]);
  assertEquals(findsIn({ c: [TOKEN] }, { parts, isImage: false }), [
    "c config  plain 2",
  ]);
  assertEquals(findsIn({ other: [TOKEN] }, { parts }), [
    "other file  plain 2",
  ]);
  const deep = { [`${"a".repeat(999)}`]: { b: { c: [TOKEN] } } };
  assertEquals(findsIn({ c: deep }, { parts }), [
    `c config ${"a".repeat(999)}.b plain 0`,
  ]);
});

Deno.test("what repeats a configuration comes last, and tells nothing again", () => {
  const parts = new Map(
    [["a", "config"], ["b", "config"], ["m", "manifest"]] as const,
  );
  const legacy = new Set(["a"]);
  assertEquals(findsIn({ a: [TOKEN], b: [`x${TOKEN}`] }, { parts, legacy }), [
    "b config [0] plain 1",
  ]);
  assertEquals(
    findsIn({ a: [TOKEN], b: { history: [TOKEN] } }, { parts, legacy }),
    [
      "b history history[0] plain 0",
    ],
  );
  assertEquals(findsIn({ a: [TOKEN], m: [`x${TOKEN}`] }, { parts, legacy }), [
    "m manifest [0] plain 1",
    "a config [0] plain 0",
  ]);
});
