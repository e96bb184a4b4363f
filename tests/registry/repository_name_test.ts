import { assertEquals, assertThrows } from "../support/assert.ts";
import {
  formatRegistryName,
  parseRegistryName,
  repositoryOf,
} from "../../lib/registry/repository_name.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;

Deno.test("parseRegistryName() knows Docker Hub's short names, hosts, tags and digests", () => {
  const cases: [string, string, string, string | undefined, string?][] = [
    ["busybox", "docker.io", "library/busybox", "latest"],
    ["docker.io/busybox", "docker.io", "library/busybox", "latest"],
    ["index.docker.io/a/b:1", "docker.io", "a/b", "1"],
    ["a/b", "docker.io", "a/b", "latest"],
    ["localhost/a", "localhost", "a", "latest"],
    [
      "localhost:5000/a/b-c__d.e:V1.2-3",
      "localhost:5000",
      "a/b-c__d.e",
      "V1.2-3",
    ],
    [`r.io/a@${DIGEST}`, "r.io", "a", undefined, DIGEST],
    [`r.io/a:1@${DIGEST}`, "r.io", "a", "1", DIGEST],
  ];
  for (const [name, registry, path, tag, digest] of cases) {
    const parsed = parseRegistryName(name);
    assertEquals(parsed, { registry, path, tag, digest });
    assertEquals(parseRegistryName(formatRegistryName(parsed)), parsed);
  }
  const bare = parseRegistryName("r.io/a", false);
  assertEquals(bare.tag, undefined);
  assertEquals(formatRegistryName(bare), "r.io/a");
  assertEquals(repositoryOf(parseRegistryName("a:1")), "docker.io/library/a");
});

Deno.test("parseRegistryName() refuses what no registry has, before anything is sent", () => {
  for (
    const [name, words] of [
      ["r.io/A", "must be in lower case"],
      ["r.io/a/../b", "has letters that no repository has"],
      ["r.io/a//b", "has letters that no repository has"],
      ["r.io/a?b", "has letters that no repository has"],
      ["r.io/-a", "has letters that no repository has"],
      [`r.io/${"a".repeat(256)}`, "more than 255 letters"],
      [`r.io/a:${"t".repeat(129)}`, "its tag"],
      ["r.io/a:.t", "its tag"],
      ["r.io/a@sha256:00", "its digest"],
      [`r.io/a@sha512:${"0".repeat(64)}`, "its digest"],
      ["", "expected"],
    ] as const
  ) {
    assertThrows(() => parseRegistryName(name), TypeError, words);
  }
  parseRegistryName(`r.io/${"a".repeat(255)}`);
  parseRegistryName(`r.io/a:${"t".repeat(128)}`);
});
