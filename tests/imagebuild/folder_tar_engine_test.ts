import type { FolderContext, ImageBuildOptions } from "../../mod.ts";
import { assertEquals } from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

const LIST =
  "FROM davit-test/base\nCOPY . /c\nRUN cd /c && find . -type f | sort\n";

for (
  const options of [{ version: "1" }, { session: false }] as ImageBuildOptions[]
) {
  engineTest(
    `a folder goes as a tar with ${JSON.stringify(options)}`,
    async ({ docker }) => {
      await withTempFolder(async (root) => {
        await writeTree(root, {
          Dockerfile: LIST,
          ".dockerignore": "*.log\n!keep.log\nDockerfile\n",
          "keep.log": "1",
          "drop.log": "2",
          "d/file": "3",
        });
        const printed = async (context: string | FolderContext) => {
          const build = docker.imageBuild(context, {
            ...options,
            networkmode: "none",
            nocache: true,
          });
          const text = await new Response(build.logs()).text();
          const result = await build.result();
          const files = text.split("\n").filter((line) =>
            line.startsWith("./")
          );
          return { files, context: result.context };
        };
        const inside = await printed(root);
        assertEquals(inside.files.filter((f) => !f.includes("ockerfile")), [
          "./.dockerignore",
          "./d/file",
          "./keep.log",
        ]);
        assertEquals(inside.context?.filesReused, 0);
        assertEquals(inside.context?.files, 4);
        const ignoring = await printed({ context: root, ignore: ["d"] });
        assertEquals(
          ignoring.files.filter((f) => !f.includes("ockerfile")),
          ["./drop.log", "./keep.log"],
        );
        const text = await printed({
          context: root,
          dockerfile: { text: LIST },
        });
        assertEquals(text.files.includes("./keep.log"), true);
        assertEquals(text.files.includes("./drop.log"), false);
        const alone = await printed({ dockerfile: { text: LIST } });
        assertEquals(alone.files.filter((f) => f !== "./Dockerfile"), []);
      });
    },
  );
}
