import { Builder } from "../../lib/builder/builder.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import { assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { tarBytes } from "../support/tar.ts";

Deno.test("a daemon takes contexts by name: folders, tars, files in memory, an image that it exported a moment ago", async () => {
  await using daemon = await startBuildkitd();
  await using builder = await Builder.fromAddress(daemon.address);
  await withTempFolder(async (folder) => {
    await writeTree(folder, { "deps/f": "folder", "deps/.dockerignore": "x" });
    await builder.imageBuild({
      files: { Dockerfile: "FROM scratch\nCOPY a /\n", a: "base" },
    }, {
      tag: "base:1",
      outputs: { type: "oci", tar: false, dest: `${folder}/layout` },
    }).wait();
    const Dockerfile = [
      "FROM base",
      "COPY --from=deps f /",
      "COPY --from=tar t /",
      "COPY --from=memory m /",
    ].join("\n");
    const dest = `${folder}/out`;
    const { contexts } = await builder.imageBuild({ files: { Dockerfile } }, {
      contexts: {
        base: `oci-layout://${folder}/layout:1`,
        deps: `${folder}/deps`,
        tar: new Blob([await tarBytes({ t: "tar" })]),
        memory: { files: { m: "memory" } },
      },
      outputs: { type: "local", dest },
    }).result();
    assertEquals(Object.keys(contexts).toSorted(), ["deps", "memory", "tar"]);
    const texts = ["a", "f", "t", "m"].map((name) =>
      Deno.readTextFileSync(`${dest}/${name}`)
    );
    assertEquals(texts, ["base", "folder", "tar", "memory"]);
  });
});
