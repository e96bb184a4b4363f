import type { DockerClient } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  type EngineContext,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { engineWay, type Way } from "../support/way.ts";
import { bothWaysTest } from "../support/ways.ts";
import { withTempFolder } from "../support/folder.ts";
import { nextSecond } from "../support/until.ts";
import { dockerBuild } from "./docker_build.ts";
import { imageListing, type Listing } from "./image_listing.ts";
import { SOURCE_TREES, unpackPackage } from "./source_trees.ts";
import { makeZoo } from "./zoo.ts";

/** Builds a folder by docker's own client, which must not have what davit sent. */
async function byDocker(
  context: EngineContext,
  root: string,
  dockerfile: string,
): Promise<Listing> {
  const copy = await copyOf(root, crypto.randomUUID().slice(0, 8));
  const tag = ownTag();
  try {
    await dockerBuild(context, copy, [
      "--no-cache",
      "-f",
      dockerfile,
      "-t",
      tag,
    ]);
    return await listed(context.docker, tag);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
}

async function byDavit(
  { image }: Way,
  root: string,
  dockerfile: string,
): Promise<Listing> {
  const context = { context: root, dockerfile };
  return (await image(context, { nocache: true })).files;
}

/** A name that no other run has: several may use one engine. */
function ownTag(): string {
  return `davit-test/equality:${crypto.randomUUID()}`;
}

/**
 * Makes a folder unlike that of any other run: of two builds of the same files
 * at the same time an engine makes one, with the folder times of either.
 */
async function addSalt(root: string): Promise<void> {
  await Deno.writeTextFile(`${root}/salt`, crypto.randomUUID());
}

/** What is in an image, which is gone then. */
async function listed(docker: DockerClient, tag: string): Promise<Listing> {
  try {
    return await imageListing(docker, tag);
  } finally {
    await docker.imageRemove(tag);
  }
}

/**
 * Builds by both and compares. Folder times are the engine's own affair where
 * it had the folder already, or is an old one: it then gives a folder the time
 * at which it last wrote into it, whoever the client is.
 */
async function assertEqualImages(
  engine: EngineContext,
  roots: readonly (readonly [Way, root: string])[],
  { ignore = "", isFirst = false } = {},
): Promise<number> {
  const [, docker] = roots[0]!;
  return await withDockerfile(docker, ignore, async (dockerfile) => {
    const expected = await byDocker(engine, docker, dockerfile);
    const adjust = isFirst && isRecent(engine)
      ? (listing: Listing) => listing
      : withoutFolderTimes;
    for (const [way, root] of roots) {
      const actual = await byDavit(way, root, dockerfile);
      assertEquals(adjust(actual), adjust(expected));
    }
    return expected.size;
  });
}

/** A copy that nobody has built from; a hard link keeps its place. */
async function copyOf(root: string, name: string): Promise<string> {
  const copy = `${root}-copy-${name}`;
  await new Deno.Command("cp", { args: ["-a", root, copy] }).output();
  return copy;
}

function withoutFolderTimes(listing: Listing): Listing {
  return new Map([...listing].map(([path, entry]) => {
    const fields = entry.split(" ");
    if (fields[0] === "5") fields[5] = "-";
    return [path, fields.join(" ")];
  }));
}

async function withDockerfile<T>(
  root: string,
  ignore: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = `${root}.Dockerfile`;
  await Deno.writeTextFile(path, "FROM scratch\nCOPY . /\n");
  await Deno.writeTextFile(`${path}.dockerignore`, `# none\n${ignore}`);
  return await use(path);
}

bothWaysTest(
  "an image of a zoo of odd files equals docker's, and again after changes",
  async (context) => {
    await withTempFolder(async (folder) => {
      const root = `${folder}/zoo`;
      await makeZoo(root);
      await addSalt(root);
      const time = new Date(1_234_567_891);
      await Deno.utime(`${root}/sizes/512`, time, time);
      const equal = (options = {}) =>
        assertEqualImages(context, [[context, root]], options);
      assert(await equal({ isFirst: true }) > 200);
      assert(
        await equal({ ignore: "names\nsizes/5*\nlink-*\n!link-dot\n" }) > 50,
      );
      if (isRecent(context)) {
        const ignore =
          "**/a*\n!deep/**/a.b/*\nnames\n!names/[a-e]*\nsizes/5??\n";
        assert(await equal({ ignore }) > 50);
      }
      // The same length and time, another content: the inode's change tells.
      await nextSecond();
      await Deno.writeFile(`${root}/sizes/512`, new Uint8Array(512).fill(9));
      await Deno.utime(`${root}/sizes/512`, time, time);
      await Deno.remove(`${root}/deep`, { recursive: true });
      await Deno.remove(`${root}/link-up`);
      await Deno.mkdir(`${root}/link-up`);
      await Deno.chmod(`${root}/mode-292`, 0o600);
      await Deno.writeTextFile(`${root}/names/added`, "new");
      await equal();
    });
  },
);

for (const [name, rules] of Object.entries(SOURCE_TREES)) {
  engineTest(
    `an image of ${name} equals docker's, by both interfaces`,
    async (engine) => {
      await withTempFolder(async (folder) => {
        const root = `${folder}/tree`;
        await Deno.mkdir(root);
        await unpackPackage(name, root);
        await addSalt(root);
        // Of a folder that was sent by one of them nothing is sent by the other.
        const roots = [
          [engineWay(engine, "engine"), root],
          [engineWay(engine, "buildkit"), await copyOf(root, "second")],
        ] as const;
        const all = await assertEqualImages(engine, roots, { isFirst: true });
        // Clients before 23 read exceptions in another way.
        const lines = isRecent(engine)
          ? rules
          : rules.replaceAll(/^!.*\n/gm, "");
        const ignore = lines.replaceAll(/^(!?)(?!\*\*|$)/gm, "$1package/");
        const rest = await assertEqualImages(engine, roots, { ignore });
        assert(rest < all && rest > 1, `${rest} of ${all}`);
      });
    },
  );
}
