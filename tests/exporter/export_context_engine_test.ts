import { assertEquals } from "../support/assert.ts";
import type { EngineContext } from "../support/engines.ts";
import { bothWaysTest } from "../support/ways.ts";
import { writeTree } from "../support/folder.ts";
import { tarDirectory } from "../../mod.ts";
import { dockerExportOf } from "./docker.ts";
import { names, scratch } from "./scratch.ts";

const DOCKERFILE = "FROM scratch\nCOPY . /\n";

/** What an export from within its own context came to. */
interface Outcome {
  /** Whether `COPY . /` was cached. */
  readonly cached: boolean;
  /** What was exported. */
  readonly members: string[];
}

/** Exports a folder to a place in it. */
async function exportInto(
  { docker }: EngineContext,
  folder: string,
  type: "local" | "tar",
  dest: string,
): Promise<Outcome> {
  const build = docker.imageBuild(folder, {
    outputs: { type, dest: `${folder}/${dest}` },
  });
  const { steps } = await build.result();
  const copy = steps.find(({ name }) => name.includes("COPY . /"));
  return {
    cached: copy?.cached ?? false,
    members: type === "local"
      ? await membersOf(`${folder}/${dest}`)
      : await membersOfTar(`${folder}/${dest}`),
  };
}

async function membersOf(folder: string, under = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder + under)) {
    found.push(`${under}/${name}`.slice(1));
    if (isDirectory) found.push(...await membersOf(folder, `${under}/${name}`));
  }
  return found.sort();
}

async function membersOfTar(tar: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("tar", { args: ["tf", tar] })
    .output();
  return new TextDecoder().decode(stdout).trim().split("\n")
    .map((path) => path.replace(/\/$/, "")).sort();
}

bothWaysTest(
  "an export into its own context holds the context alone, and the next one is cached",
  async (engine) => {
    await using place = await scratch();
    for (
      const [type, dest] of [["local", "out"], ["tar", "out.tar"]] as const
    ) {
      const folder = `${place.path}/${type}`;
      await writeTree(folder, {
        Dockerfile: DOCKERFILE,
        ".dockerignore": "out*\n",
        a: crypto.randomUUID(),
        "d/b": "b",
      });
      const members = [".dockerignore", "Dockerfile", "a", "d", "d/b"];
      const first = await exportInto(engine, folder, type, dest);
      assertEquals(first, { cached: false, members }, type);
      // The folder or file is there now, and is replaced.
      for (let round = 0; round < 2; round++) {
        const again = await exportInto(engine, folder, type, dest);
        assertEquals(again, { cached: true, members }, type);
      }
    }
  },
);

bothWaysTest(
  "what lies at the destination goes with a context that does not ignore it, as with docker",
  async (engine) => {
    await using place = await scratch();
    for (
      const [type, dest] of [["local", "out"], ["tar", "out.tar"]] as const
    ) {
      const [ours, theirs] = [
        `${place.path}/${type}-davit`,
        `${place.path}/${type}-docker`,
      ];
      for (const folder of [ours, theirs]) {
        await writeTree(folder, {
          Dockerfile: DOCKERFILE,
          a: "a",
          ...(type === "local" ? { "out/before": "b" } : { "out.tar": "b" }),
        });
      }
      const { members } = await exportInto(engine, ours, type, dest);
      await dockerExportOf(
        engine,
        `type=${type},dest=${theirs}/${dest}`,
        theirs,
      );
      assertEquals(
        members,
        type === "local"
          ? await membersOf(`${theirs}/out`)
          : await membersOfTar(`${theirs}/out.tar`),
      );
    }
  },
);

bothWaysTest(
  "what a crash left of an export is in no context",
  async ({ docker }) => {
    await using place = await scratch();
    const left = ".davit-export-0123456789abcdef";
    await writeTree(`${place.path}/context`, {
      Dockerfile: DOCKERFILE,
      [`${left}/new/a`]: "a",
      [`d/${left}`]: "archive",
      ".davit-export-mine": "kept",
    });
    await docker.imageBuild(`${place.path}/context`, {
      outputs: { type: "local", dest: `${place.path}/out` },
    }).wait();
    const members = [".davit-export-mine", "Dockerfile", "d"];
    assertEquals(await membersOf(`${place.path}/out`), members);
    const tar = tarDirectory(`${place.path}/context`);
    await Deno.writeFile(`${place.path}/context.tar`, tar);
    assertEquals(await membersOfTar(`${place.path}/context.tar`), members);
    assertEquals(await names(place.path), ["context", "context.tar", "out"]);
  },
);
