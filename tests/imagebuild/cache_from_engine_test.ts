import { Builder } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { cacheIdsOf } from "../support/build_cache.ts";
import { LOGIN, startRegistry } from "../support/registry.ts";
import { bothWaysTest, type EngineWay } from "../support/ways.ts";

/** Removes what the builder has of the steps with this word. */
async function forget(
  { docker, host, daemon }: EngineWay,
  mark: string,
): Promise<void> {
  if (daemon === undefined) {
    for (const id of await cacheIdsOf(host, mark)) {
      await docker.buildPrune({ all: true, filters: { id: [id] } });
    }
    assertEquals(await cacheIdsOf(host, mark), []);
    return;
  }
  await using builder = await Builder.fromAddress(daemon.address, {
    tls: daemon.tls,
  });
  const filters = { "description~": [mark] };
  assert((await builder.buildDiskUsage({ filters })).records.length > 0);
  await Array.fromAsync(builder.buildPruneRecords({ all: true, filters }));
  assertEquals((await builder.buildDiskUsage({ filters })).records, []);
}

bothWaysTest(
  "a step comes from the cache that an image holds, where that is named",
  async (way) => {
    const { docker, daemon } = way;
    // An engine has it in its store, a daemon in a registry.
    await using registry = await startRegistry({ auth: "basic" });
    const mark = crypto.randomUUID();
    const tag = `${registry.host}/cache-from:${mark}`;
    const text = `FROM davit-test/base\nRUN echo ${mark} > /made\n`;
    const cached = async (cachefrom?: string) => {
      const { steps } = await docker.imageBuild({ dockerfile: { text } }, {
        networkmode: "none",
        tag,
        buildargs: { BUILDKIT_INLINE_CACHE: "1" },
        credentials: { [registry.host]: LOGIN },
        ...(daemon === undefined ? {} : { outputs: { type: "registry" } }),
        ...(cachefrom === undefined ? {} : { cachefrom }),
      }).result();
      return steps.find(({ name }) => name.includes("RUN"))!.cached;
    };
    try {
      assertEquals(await cached(), false);
      await forget(way, mark);
      assertEquals(await cached(tag), true);
    } finally {
      if (daemon === undefined) await docker.imageRemove(tag, { force: true });
    }
  },
  // With containerd's store the engine has no list of its cache for a while
  // after something of it was removed.
  ({ containerdStore }) => !containerdStore,
);
