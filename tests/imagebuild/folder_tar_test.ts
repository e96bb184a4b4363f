import { localsOf, openFolder } from "../../lib/imagebuild/context/folder.ts";
import { folderTar } from "../../lib/imagebuild/context/folder_tar.ts";
import { PreparedContext } from "../../lib/imagebuild/context/sending.ts";
import type { FolderSource } from "../../lib/imagebuild/context/build_context.ts";
import { TarSource } from "../../lib/context/tar_stream.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { withoutPauses } from "../support/walk.ts";

/** Unpacks, by GNU tar, what is sent of a folder where there is no session. */
async function unpacked(
  given: Partial<FolderSource> & { path: string },
  to: string,
): Promise<void> {
  const source = { dockerfile: undefined, ignore: undefined, ...given };
  const folder = await openFolder(source, undefined);
  const { contents } = await folderTar(folder, source.ignore);
  const tar = new ReadableStream(
    new TarSource(() => Promise.resolve(contents)),
  );
  await Deno.mkdir(to);
  const child = new Deno.Command("tar", {
    args: ["-xf", "-", "-C", to],
    stdin: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  await tar.pipeTo(child.stdin);
  const { success, stderr } = await output;
  assert(success, new TextDecoder().decode(stderr));
}

Deno.test("a tar has no hard link to what is left out of it, or replaced", async () => {
  await withTempFolder(async (folder) => {
    const root = `${folder}/in`;
    await writeTree(root, {
      Dockerfile: "FROM scratch\n",
      ".dockerignore": "# rules\n",
      "a": "",
    });
    // As tools leave them that look for files with the same content.
    await Deno.link(`${root}/.dockerignore`, `${root}/.gitignore`);
    await Deno.link(`${root}/.dockerignore`, `${root}/z`);
    await unpacked({ path: root, ignore: ["none"] }, `${folder}/ignoring`);
    const text = { text: "FROM scratch\n" };
    await unpacked({ path: root, dockerfile: text }, `${folder}/text`);
    for (const name of ["ignoring", "text"]) {
      for (const file of [".gitignore", "z"]) {
        assertEquals(
          await Deno.readTextFile(`${folder}/${name}/${file}`),
          "# rules\n",
          `${name}/${file}`,
        );
      }
      const { nlink } = await Deno.stat(`${folder}/${name}/z`);
      assertEquals(nlink, 2, "links among what is there stay links");
    }
  });
});

Deno.test("what a build puts into its own context is left out of it, over a session and in a tar", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, {
      Dockerfile: "FROM scratch\n",
      "out/.unfinished/big": "",
      "out/a": "",
    });
    const source = { path: root, dockerfile: undefined, ignore: undefined };
    const context = await PreparedContext.of(
      { context: { kind: "folder", folder: source }, dockerfile: undefined },
    );
    context.leaveOut(`${root}/out/.unfinished`);
    context.leaveOut("/somewhere/else");
    const { body } = await context.send(false);
    const text = await new Response(body)
      .text();
    assert(text.includes("out/a\0") && !text.includes(".unfinished"));
    const folder = await openFolder(source, undefined);
    folder.without.add("out/.unfinished");
    const request = { include: [], exclude: [], follow: [] };
    const entries = (await localsOf(folder)).get("context")!.entries(request);
    const paths = [...withoutPauses(entries)].map(({ path }) => path);
    assertEquals(paths, ["Dockerfile", "out", "out/a"]);
  });
});

Deno.test("a tar has no text of an ignore file that leads out of the folder", async () => {
  await withTempFolder(async (folder) => {
    const root = `${folder}/in`;
    await writeTree(folder, { "in/a": "", secret: "SECRET\n" });
    await Deno.symlink("../secret", `${root}/.dockerignore`);
    const text = { text: "FROM scratch\n" };
    await unpacked({ path: root, dockerfile: text }, `${folder}/out`);
    const rules = await Deno.readTextFile(`${folder}/out/.dockerignore`);
    assert(!rules.includes("SECRET"), rules);
  });
});
