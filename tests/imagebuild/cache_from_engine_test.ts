import { assertEquals } from "../support/assert.ts";
import { cacheIdsOf } from "../support/build_cache.ts";
import { bothWaysTest } from "../support/ways.ts";

bothWaysTest(
  "a step comes from the cache that an image holds, where that is named",
  async ({ docker, host }) => {
    const mark = crypto.randomUUID();
    const tag = `davit-test/cache-from:${mark}`;
    const text = `FROM davit-test/base\nRUN echo ${mark} > /made\n`;
    const cached = async (cachefrom?: string) => {
      const { steps } = await docker.imageBuild({ dockerfile: { text } }, {
        networkmode: "none",
        tag,
        buildargs: { BUILDKIT_INLINE_CACHE: "1" },
        ...(cachefrom === undefined ? {} : { cachefrom }),
      }).result();
      return steps.find(({ name }) => name.includes("RUN"))!.cached;
    };
    const forget = async () => {
      for (const id of await cacheIdsOf(host, mark)) {
        await docker.buildPrune({ all: true, filters: { id: [id] } });
      }
      assertEquals(await cacheIdsOf(host, mark), []);
    };
    try {
      assertEquals(await cached(), false);
      await forget();
      assertEquals(await cached(tag), true);
    } finally {
      await docker.imageRemove(tag, { force: true });
    }
  },
  {
    // With containerd's store the engine has no list of its cache for a while
    // after something of it was removed.
    only: ({ containerdStore }) => !containerdStore,
    engineOnly: "its cache is in an image of the engine",
  },
);
