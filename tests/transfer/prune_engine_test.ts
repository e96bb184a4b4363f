import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { cacheIdsOf } from "../support/build_cache.ts";
import { engineTest } from "../support/engines.ts";
import { dockerfileTar } from "../support/tar.ts";
import { type DockerClient, EngineError, UnsupportedError } from "../../mod.ts";

/** An image with a label of its own, and a name if one is given. */
async function build(
  docker: DockerClient,
  label: string,
  tag?: string,
): Promise<string> {
  return await docker.imageBuild(
    dockerfileTar("FROM davit-test/base", `LABEL ${label}`),
    { ...(tag === undefined ? {} : { tag }), nocache: true },
  ).wait();
}

async function isThere(docker: DockerClient, id: string): Promise<boolean> {
  return await docker.imageInspect(id).then(() => true, (error) => {
    if (error instanceof EngineError && error.status === 404) return false;
    throw error;
  });
}

engineTest(
  "imagePrune() takes the images that its filters name, and no others",
  async ({ docker }) => {
    const mark = crypto.randomUUID();
    const a = await build(docker, `a=${mark}`);
    const b = await build(docker, `b=${mark}`);
    const name = `davit-test/prune:${mark}`;
    const named = await build(docker, `c=${mark}`, name);
    const there = () =>
      Promise.all([a, b, named].map((id) => isThere(docker, id)));
    assertEquals(await there(), [true, true, true]);

    // All are younger than this.
    await docker.imagePrune({ filters: { until: ["24h"] } });
    assertEquals(await there(), [true, true, true]);
    await docker.imagePrune({
      filters: { label: [`a=${mark}`], dangling: ["true"] },
    });
    assertEquals(await there(), [false, true, true]);
    // With a name: only when asked for.
    await docker.imagePrune({ filters: { label: [`c=${mark}`] } });
    assertEquals(await there(), [false, true, true]);
    const { ImagesDeleted, SpaceReclaimed } = await docker.imagePrune({
      filters: { label: [`c=${mark}`], dangling: ["false"] },
    });
    assertEquals(await there(), [false, true, false]);
    assert(
      ImagesDeleted?.some((entry) => entry.Untagged === name),
      JSON.stringify(ImagesDeleted),
    );
    assertEquals(typeof SpaceReclaimed, "number");
    await docker.imagePrune({
      filters: { label: [`b=${mark}`], until: [new Date().toISOString()] },
    });
    assertEquals(await there(), [false, false, false]);
    await assertRejects(
      () => docker.imagePrune({ filters: { nonsense: ["1"] } }),
      EngineError,
      "nonsense",
    );
  },
);

engineTest(
  "buildPrune() takes what its filters name, and refuses what an engine would overlook",
  async ({ docker, generation, host }) => {
    const mark = crypto.randomUUID();
    await docker.imageBuild(
      dockerfileTar("FROM davit-test/base", `RUN echo ${mark} > /mark`),
      { networkmode: "none" },
    ).wait();
    const [id] = await cacheIdsOf(host, mark);
    // Quoted: the words become a part of containerd's filter language. Engines
    // up to 26 know no record's description when they prune.
    const filters: Record<string, string[]> = Number(generation) < 28
      ? { id: [id!] }
      : {
        description: [
          JSON.stringify(`mount / from exec /bin/sh -c echo ${mark} > /mark`),
        ],
      };
    const later = await docker.buildPrune({
      all: true,
      filters: { ...filters, until: ["24h"] },
    });
    assertEquals(later.CachesDeleted ?? [], []);
    const other = await docker.buildPrune({
      all: true,
      filters: { type: ["frontend"] },
    });
    assertEquals(other.CachesDeleted ?? [], []);
    const { CachesDeleted } = await docker.buildPrune({
      all: true,
      filters,
    });
    assertEquals(CachesDeleted, [id]);
    // Room enough for what is left.
    const kept = await docker.buildPrune({ all: true, reservedSpace: 1e12 });
    assertEquals(kept.CachesDeleted ?? [], []);

    for (const option of ["maxUsedSpace", "minFreeSpace"] as const) {
      const prune = () => docker.buildPrune({ all: true, [option]: 1e12 });
      if (Number(generation) < 28) {
        const error = await assertRejects(prune, UnsupportedError, option);
        assertStringIncludes(error.message, "needs 1.48");
      } else if (option === "maxUsedSpace") {
        assertEquals((await prune()).CachesDeleted ?? [], []);
      }
    }
    await assertRejects(
      () => docker.buildPrune({ filters: { nonsense: ["1"] } }),
      EngineError,
    );
  },
);
