import { assert, assertEquals } from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { tryDockerBuild } from "./docker_build.ts";
import { imageListing } from "./image_listing.ts";

/** Lines of an ignore file, none like another. */
function linesOf(bytes: number, line: (index: number) => string): string[] {
  const lines: string[] = [];
  for (let sum = 0; sum < bytes; sum += lines.at(-1)!.length + 1) {
    lines.push(line(lines.length));
  }
  return lines;
}

/** The engine asks with each line in a header field of its own. */
const CASES: Record<string, { lines: string[]; docker: boolean }> = {
  "100 KiB": {
    lines: linesOf(102_400, (i) => `folder-${i}/file.log`),
    docker: true,
  },
  // Docker's client grants a header list of 1 MiB, and the engine fails.
  "1 MiB": {
    lines: linesOf(2 ** 20, (i) => `folder-${i}/file.log`),
    docker: false,
  },
  "1 MiB of short lines": {
    lines: linesOf(2 ** 20, (i) => `${i}`),
    docker: false,
  },
};

for (const [what, { lines, docker }] of Object.entries(CASES)) {
  engineTest(
    `an ignore file of ${what} is obeyed to its last line`,
    async (context) => {
      const tag = `davit-test/long-ignore:${crypto.randomUUID().slice(0, 8)}`;
      await withTempFolder(async (root) => {
        const [first, last] = [lines[0]!, lines.at(-1)!];
        await writeTree(root, {
          Dockerfile: "FROM scratch\nCOPY . /\n",
          ".dockerignore": `${lines.join("\n")}\nDockerfile\n.dockerignore\n`,
          keep: "",
          [first]: "",
          [last]: "",
          [`${last}x`]: "",
        });
        await context.docker.imageBuild(root, { tag }).wait();
        const paths = [...(await imageListing(context.docker, tag)).keys()];
        await context.docker.imageRemove(tag);
        const files = paths.filter((path) => !path.endsWith("/"));
        assertEquals(files.sort(), ["keep", `${last}x`].sort());
        const build = await tryDockerBuild(context, root, []);
        assertEquals(build.success, docker);
        assert(
          docker || build.stderr.includes("header list size"),
          build.stderr,
        );
      });
    },
  );
}
