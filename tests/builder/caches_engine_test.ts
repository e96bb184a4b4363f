/** Caches that go from one BuildKit daemon to another. */
import { Builder } from "../../lib/builder/builder.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { readLayout } from "../layout/read_layout.ts";
import { withTempFolder } from "../support/folder.ts";
import { LOGIN, startRegistry } from "../support/registry.ts";

Deno.test("a daemon reads the cache that another wrote to a registry with a certificate that nobody knows", async () => {
  await using registry = await startRegistry({ auth: "basic", tls: true });
  await using first = await startBuildkitd();
  await using second = await startBuildkitd();
  const ref = `${registry.host}/cache:1`;
  const dockerfile = [
    "FROM davit-test/base",
    "RUN --mount=type=secret,id=s cat /proc/sys/kernel/random/uuid > /out",
  ].join("\n");
  const build = async (
    address: string,
    value: string,
    options: Parameters<Builder["imageBuild"]>[1],
  ) => {
    await using builder = await Builder.fromAddress(address);
    const { steps, caches, secrets } = await builder.imageBuild(
      { files: { Dockerfile: dockerfile } },
      {
        outputs: { type: "cacheonly" },
        credentials: { [registry.host]: LOGIN },
        secrets: { s: value },
        ...options,
      },
    ).result();
    return {
      cached: steps.find(({ name }) => name.includes("RUN"))!.cached,
      caches: caches.map((
        { action, kind, place, state },
      ) => [action, kind, place, state]),
      words: caches.map(({ error = "" }) => error).join(),
      secrets,
    };
  };
  const cache = { type: "registry", ref, insecure: true } as const;
  const written = await build(first.address, "one", {
    cacheto: { ...cache, mode: "max" },
  });
  assertEquals(written.cached, false);
  assertEquals(written.caches, [["export", "registry", ref, "done"]]);

  // Without the word for it the registry is asked in plain HTTP; the build goes
  // on without the cache.
  const refused = await build(first.address, "two", { cachefrom: ref });
  assertEquals(refused.caches, [["import", "registry", ref, "failed"]]);
  assertStringIncludes(refused.words, "malformed HTTP response");

  const read = await build(second.address, "three", { cachefrom: cache });
  assertEquals(read.caches, [["import", "registry", ref, "done"]]);
  assert(read.cached);
  assertEquals(read.secrets.cached, ["s"]);

  // The same by a folder, which the sessions serve; and an image in a folder.
  await withTempFolder(async (folder) => {
    const dest = `${folder}/cache`;
    const there = await build(first.address, "four", {
      nocache: true,
      cacheto: { type: "local", dest, mode: "max" },
    });
    assertEquals(there.caches, [["export", "local", dest, "done"]]);
    await readLayout(dest);
    await using third = await startBuildkitd();
    const here = await build(third.address, "five", {
      cachefrom: { type: "local", src: dest },
      outputs: { type: "oci", dest: `${folder}/image`, tar: false },
    });
    assertEquals(here.caches, [["import", "local", dest, "done"]]);
    assert(here.cached);
    assertEquals(here.secrets.cached, ["s"]);
    const { manifests } = await readLayout(`${folder}/image`);
    assertEquals(manifests.length, 1);
  });
});
