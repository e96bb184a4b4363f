import { assertEquals, assertThrows } from "../support/assert.ts";
import { indexAnnotations } from "../../lib/imagetools/annotation.ts";
import {
  checkSource,
  type ImagetoolsSource,
  placeSources,
} from "../../lib/imagetools/source.ts";
import { parseRegistryName } from "../../lib/registry/repository_name.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;

Deno.test("checkSource() takes names, digests and descriptors, and nothing else", () => {
  assertEquals(checkSource("r.io/a:1").name, parseRegistryName("r.io/a:1"));
  assertEquals(checkSource(DIGEST), {
    words: DIGEST,
    name: undefined,
    descriptor: { digest: DIGEST },
  });
  const whole = {
    digest: DIGEST,
    size: 0,
    mediaType: "m",
    annotations: { a: "b" },
    platform: { os: "linux", architecture: "amd64" },
  };
  assertEquals(checkSource(whole).descriptor, whole);
  for (
    const [given, words] of [
      ["sha256:12", "its digest has too few digits, or too many"],
      ["r.io/A", "lower case"],
      [{}, "it has no digest"],
      [{ digest: "sha256:12" }, "it has no digest"],
      [{ schemaVersion: 2, digest: DIGEST }, "it is a manifest or an index"],
      [{ digest: DIGEST, size: -1 }, "its size"],
      [{ digest: DIGEST, size: 1.5 }, "its size"],
      [{ digest: DIGEST, mediaType: 1 }, "its mediaType"],
      [{ digest: DIGEST, annotations: { a: 1 } }, "its annotations"],
      [{ digest: DIGEST, platform: "linux" }, "its platform"],
      [new Map([["digest", DIGEST]]), "Object.fromEntries"],
      [undefined, "expected a name, a digest or a descriptor"],
      [
        { digest: "x".repeat(300) },
        `source {"digest":"${"x".repeat(189)}…: it has no digest`,
      ],
      [{ digest: "x".repeat(187) }, `"${"x".repeat(187)}"}: it has no digest`],
    ] as const
  ) {
    assertThrows(
      () => checkSource(given as unknown as ImagetoolsSource),
      TypeError,
      words,
    );
  }
});

Deno.test("placeSources() knows the repository of a digest where there is one", () => {
  const place = (sources: ImagetoolsSource[], tags: string[] = []) =>
    placeSources(
      sources.map(checkSource),
      tags.map((tag) => parseRegistryName(tag)),
    )
      .map(({ name }) => name);
  const placed = {
    registry: "r.io",
    path: "a",
    tag: undefined,
    digest: DIGEST,
  };
  assertEquals(place([DIGEST], ["r.io/a:1", "r.io/a:2"]), [placed]);
  assertEquals(place([DIGEST, "r.io/a:1"])[0], placed);
  assertEquals(place([{ digest: DIGEST }, "r.io/a:1"], ["r.io/a"])[0], placed);
  assertThrows(() => place([DIGEST]), TypeError, "no source and no tag says");
  assertThrows(
    () => place([DIGEST, "r.io/a"], ["r.io/b"]),
    TypeError,
    "in several repositories",
  );
});

Deno.test("indexAnnotations() takes those of an index and of what it points at", () => {
  assertEquals(
    indexAnnotations({
      "index:a": "1",
      "manifest-descriptor[linux/arm/v7]:b:c": "2",
      "index,manifest-descriptor:d": "",
    }),
    [
      { part: "index", platform: undefined, key: "a", value: "1" },
      {
        part: "manifest-descriptor",
        platform: "linux/arm/v7",
        key: "b:c",
        value: "2",
      },
      { part: "index", platform: undefined, key: "d", value: "" },
      { part: "manifest-descriptor", platform: undefined, key: "d", value: "" },
    ],
  );
  for (const key of ["a", "manifest:a", "index-descriptor:a", "Index:a"]) {
    assertThrows(() => indexAnnotations({ [key]: "1" }), TypeError, "expected");
  }
  assertThrows(
    () => indexAnnotations({ "index:": "1" }),
    TypeError,
    "its key is empty",
  );
  assertThrows(
    () =>
      indexAnnotations({ "index:a": 1 } as unknown as Record<string, string>),
    TypeError,
    "is not text",
  );
  assertThrows(
    () => indexAnnotations(new Map() as unknown as Record<string, string>),
    TypeError,
    "Object.fromEntries",
  );
});
