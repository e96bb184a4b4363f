import { UsageError } from "../../lib/cli/exit.ts";
import { WatchedContext } from "../../lib/cli/watched_context.ts";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

const NONE = { files: [], outputs: [] };
const EXPORT = ".davit-export-0123456789abcdef";

Deno.test("WatchedContext: which paths can change the build", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "app/Dockerfile": "FROM scratch\n",
      "app/.dockerignore": "ignored\nout\n",
      "app/a": "",
      "else/x": "",
    });
    await Deno.symlink("app", `${folder}/link`);
    const root = await Deno.realPath(`${folder}/app`);
    const watched = await WatchedContext.open({ context: `${folder}/app` }, {
      // Named in other ways than those in which changes are told.
      files: [`${folder}/link/id`, `${folder}/else/../app/m.json`],
      outputs: [`${folder}/link/out`, `${folder}/else/dest`],
    });
    assertEquals(watched.folders, {
      trees: [root],
      folders: [],
      optional: [await Deno.realPath(folder)],
    });
    for (
      const [path, matters] of [
        ["", true],
        ["/a", true],
        ["/new/file", true],
        ["/Dockerfile", true],
        ["/Dockerfile.dockerignore", true],
        ["/.dockerignore", true],
        ["/ignored", false],
        ["/ignored2", true],
        ["/id", false],
        ["/id2", true],
        ["/m.json", false],
        ["/out", false],
        ["/out/a", false],
        ["/out2", true],
        [`/${EXPORT}`, false],
        [`/sub/${EXPORT}/a`, false],
        [`/${EXPORT}0`, true],
        ["2", false],
        ["2/a", false],
      ] as const
    ) {
      assertEquals(watched.matters(`${root}${path}`), matters, path);
    }
    assertEquals(watched.matters(`${folder}/else/dest/a`), false);
  });
});

Deno.test("WatchedContext: a Dockerfile elsewhere is watched there, and where its link leads to", async () => {
  await withTempFolder(async (folder) => {
    const real = await Deno.realPath(folder);
    await writeTree(folder, {
      "app/a": "",
      "else/D": "FROM scratch\n",
      "far/D": "FROM scratch\n",
    });
    await Deno.symlink(`${folder}/far/D`, `${folder}/else/link`);
    const open = (dockerfile: string) =>
      WatchedContext.open(
        {
          context: {
            context: `${folder}/app`,
            dockerfile: `${folder}/${dockerfile}`,
          },
        },
        NONE,
      );
    const plain = await open("else/D");
    assertEquals(plain.folders.folders, [`${real}/else`]);
    for (
      const [path, matters] of [
        ["else/D", true],
        ["else/D.dockerignore", true],
        ["else/other", false],
        ["far/D", false],
        ["app/a", true],
      ] as const
    ) assertEquals(plain.matters(`${real}/${path}`), matters, path);
    const linked = await open("else/link");
    assertEquals(linked.folders.folders.toSorted(), [
      `${real}/else`,
      `${real}/far`,
    ]);
    assertEquals(
      ["else/link", "far/D", "else/D"].map((path) =>
        linked.matters(`${real}/${path}`)
      ),
      [true, true, false],
    );
  });
});

Deno.test("WatchedContext: an output in the context is refused, unless it is ignored", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "app/Dockerfile": "FROM scratch\n",
      "app/.dockerignore": "out\n",
    });
    for (
      const [output, isRefused] of [
        ["app", true],
        ["app/", true],
        ["app/x", true],
        ["app/out", false],
        ["app/out/x", false],
        ["app2", false],
        ["x", false],
      ] as const
    ) {
      const opening = () =>
        WatchedContext.open({ context: `${folder}/app` }, {
          files: [],
          outputs: [`${folder}/x`, `${folder}/${output}`],
        });
      if (!isRefused) {
        await opening();
        continue;
      }
      const error = await assertRejects(opening, UsageError);
      assertStringIncludes(error.message, ".dockerignore", output);
    }
    await assertRejects(
      () =>
        WatchedContext.open({
          context: {
            context: `${folder}/app`,
            dockerfile: { text: "FROM scratch\n" },
          },
        }, NONE),
      UsageError,
      "--watch needs a Dockerfile that is a file",
    );
    await assertRejects(
      () => WatchedContext.open({ context: new ReadableStream() }, NONE),
      UsageError,
      "--watch needs a folder as the context",
    );
  });
});

Deno.test("WatchedContext: each folder by name is watched, with its own ignore file", async () => {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "app/Dockerfile": "FROM scratch\n",
      "app/.dockerignore": "deps\n",
      "app/deps/.dockerignore": "ignored\n",
      "other/a": "",
      "layout/index.json": "{}",
      "far/lib/.dockerignore": "ignored\n",
    });
    const real = await Deno.realPath(folder);
    await Deno.symlink(`${folder}/far`, `${folder}/link`);
    const open = (outputs: string[] = []) =>
      WatchedContext.open({
        context: `${folder}/app`,
        contexts: {
          deps: `${folder}/app/deps`,
          lib: { context: `${folder}/link/lib`, ignore: ["own"] },
          image: "docker-image://a",
          base: `oci-layout://${folder}/layout:1`,
        },
      }, { files: [], outputs: outputs.map((path) => `${folder}/${path}`) });
    const watched = await open();
    assertEquals(watched.folders, {
      trees: [`${real}/app`, `${real}/app/deps`, `${real}/far/lib`],
      folders: [`${real}/layout`],
      optional: [real, `${real}/app`, `${real}/far`],
    });
    for (
      const [path, matters] of [
        ["app/a", true],
        ["app/deps", true],
        ["app/deps/a", true],
        ["app/deps/ignored", false],
        ["app/deps/.dockerignore", true],
        ["far/lib", true],
        ["far/lib/own", false],
        ["far/lib/own2", true],
        ["far/lib/ignored", true],
        ["far/other", false],
        ["other/a", false],
        ["layout/index.json", true],
        ["layout/blobs/a", false],
      ] as const
    ) {
      assertEquals(watched.matters(`${real}/${path}`), matters, path);
    }
    for (const output of ["app/deps/out", "far/lib", "link/lib/out"]) {
      await assertRejects(() => open([output]), UsageError, ".dockerignore");
    }
    await open(["app/deps/ignored", "far/lib/own", "other/out"]);
  });
});
