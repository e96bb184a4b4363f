import type { EngineContext } from "../support/engines.ts";
import { bothWaysTest } from "../support/ways.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { tryDockerBuild } from "../context/docker_build.ts";

/** What `make` would look at: which file is newer, and what stands below the second. */
const TIMES = `FROM davit-test/base
COPY . /c
RUN cd /c && for one in *; do echo "= $(stat -c '%n %y' $one)"; for two in *; do [ $one -nt $two ] && echo "= $one is newer than $two"; done; done; true
`;

/** The lines that a step marked. */
function marked(output: string): string[] {
  return [...output.matchAll(/= (.+)$/gm)].map(([, line]) => line!.trim())
    .sort();
}

async function byDocker(context: EngineContext, root: string) {
  const args = ["--no-cache", "--progress=plain", "--network=none"];
  const { success, stderr } = await tryDockerBuild(context, root, args);
  assert(success, stderr);
  // The step's own text is printed, too.
  return marked(stderr.replaceAll(/^.*\bRUN\b.*$/gm, ""));
}

async function byDavit({ docker }: EngineContext, root: string) {
  const build = docker.imageBuild(root, { networkmode: "none", nocache: true });
  const text = await new Response(build.logs()).text();
  await build.wait();
  return marked(text);
}

bothWaysTest(
  "files of one time have no order in the build: a step sees the times that docker's client sends",
  async (context) => {
    await withTempFolder(async (folder) => {
      const names = ["configure", "configure.ac", "aclocal.m4", "Makefile.am"];
      // As a tarball of git's unpacks: with one time for everything.
      const time = 1_700_000_000;
      for (const root of [`${folder}/ours`, `${folder}/theirs`]) {
        await writeTree(root, { Dockerfile: TIMES });
        for (const name of names) {
          await writeTree(root, { [name]: name });
          await Deno.utime(`${root}/${name}`, time, time);
        }
        await Deno.utime(`${root}/Dockerfile`, time + 1, time + 1);
      }
      // Another folder: nothing that docker's client sent may be there already.
      const expected = await byDocker(context, `${folder}/theirs`);
      assertEquals(await byDavit(context, `${folder}/ours`), expected);
      assertEquals(
        expected.filter((line) => line.includes("newer")).length,
        names.length,
      );
    });
  },
);
