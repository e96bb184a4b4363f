import { parseDigest } from "../../lib/layout/digest.ts";
import {
  descriptorOf,
  findTag,
  parseIndex,
  tagsOf,
  withEntry,
  writeIndex,
} from "../../lib/layout/index_file.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const HEX = "0123456789abcdef".repeat(4);
const ENTRY = { mediaType: "m", digest: `sha256:${HEX}`, size: 1 };
const named = (tag: string, image?: string) => ({
  ...ENTRY,
  annotations: {
    "org.opencontainers.image.ref.name": tag,
    ...(image === undefined ? {} : { "io.containerd.image.name": image }),
  },
});

Deno.test("a digest is a function and its hash, and nothing that leads elsewhere", () => {
  assertEquals(parseDigest(`sha256:${HEX}`), { algorithm: "sha256", hex: HEX });
  assertEquals(parseDigest(`sha512:${HEX}${HEX}`), {
    algorithm: "sha512",
    hex: HEX + HEX,
  });
  for (
    const text of [
      "",
      HEX,
      "sha256:",
      `sha256:${HEX.slice(1)}`,
      `sha256:${HEX}0`,
      `sha256:${HEX}\n`,
      `\nsha256:${HEX}`,
      `sha256:${HEX.toUpperCase()}`,
      `sha512:${HEX}`,
      `sha256:${HEX}${HEX}`,
      `md5:${HEX}`,
      `__proto__:${HEX}`,
      `constructor:${HEX}`,
      `SHA256:${HEX}`,
      "sha256:../../x",
      `sha256:${"../".repeat(21)}x`,
      `sha256/..:${HEX}`,
      `..:${HEX}`,
    ]
  ) assertEquals(parseDigest(text), undefined, text);
});

Deno.test("a descriptor has a type, a digest, a size and texts", () => {
  const whole = { ...named("a"), platform: { os: "linux" } };
  assertEquals(descriptorOf(whole), whole);
  for (
    const value of [
      undefined,
      null,
      1,
      "x",
      [],
      {},
      { ...ENTRY, mediaType: 1 },
      { ...ENTRY, digest: undefined },
      { ...ENTRY, size: "1" },
      { ...ENTRY, size: -1 },
      { ...ENTRY, size: 1.5 },
      { ...ENTRY, annotations: { a: 1 } },
      { ...ENTRY, annotations: ["a"] },
      { ...ENTRY, annotations: null },
    ]
  ) assertEquals(descriptorOf(value), undefined, JSON.stringify(value));
  assertEquals(descriptorOf({ ...ENTRY, size: 0 }), { ...ENTRY, size: 0 });
});

Deno.test("an index is read with what is not known, or refused", () => {
  const index = { schemaVersion: 2, own: [1], manifests: [ENTRY] };
  assertEquals(parseIndex(JSON.stringify(index)) as unknown, index);
  assertEquals(parseIndex("{}"), { manifests: [] });
  assertThrows(() => parseIndex(""), TypeError, "no JSON");
  assertThrows(() => parseIndex('{"manifests":['), TypeError, "no JSON");
  for (
    const text of ["1", "null", "[]", '{"manifests":{}}', '{"manifests":1}']
  ) {
    assertThrows(() => parseIndex(text), TypeError, "no index of images");
  }
  assertThrows(
    () => parseIndex('{"manifests":[{}]}'),
    TypeError,
    "an entry is no descriptor",
  );
  assertEquals(JSON.parse(writeIndex({ manifests: [] })), {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [],
  });
});

Deno.test("tags are found, and given to one content at a time", () => {
  const index = {
    manifests: [ENTRY, named("a"), named("b"), named("b", "x:b")],
  };
  assertEquals(findTag(index, "b"), named("b"));
  assertEquals(findTag(index, "c"), undefined);
  assertEquals(tagsOf(index), ["a", "b"]);
  const other = { ...ENTRY, size: 9 };
  assertEquals(withEntry(index, other, [{ tag: "b" }]).manifests, [
    ENTRY,
    named("a"),
    named("b", "x:b"),
    { ...named("b"), size: 9 },
  ]);
  assertEquals(
    withEntry(index, other, [{ tag: "b", image: "x:b" }, { tag: "c" }])
      .manifests,
    [
      ENTRY,
      named("a"),
      named("b"),
      { ...named("b", "x:b"), size: 9 },
      { ...named("c"), size: 9 },
    ],
  );
  // What the content itself is annotated with stays.
  assertEquals(
    withEntry({ manifests: [] }, { ...ENTRY, annotations: { own: "1" } }, [
      { tag: "t" },
    ]).manifests[0]?.annotations,
    { own: "1", "org.opencontainers.image.ref.name": "t" },
  );
});
