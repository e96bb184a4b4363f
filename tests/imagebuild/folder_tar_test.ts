import { openOffer } from "../../lib/imagebuild/context/open_offer.ts";
import type { Source } from "../../lib/imagebuild/context/source.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

/** Unpacks, by GNU tar, what is sent of a folder where there is no session. */
async function unpacked(
  given: Partial<Source & { kind: "folder" }> & { path: string },
  to: string,
): Promise<void> {
  const offer = await openOffer({
    dockerfile: undefined,
    ignore: undefined,
    ...given,
    kind: "folder",
  });
  const { body } = await offer.tar();
  await Deno.mkdir(to);
  const child = new Deno.Command("tar", {
    args: ["-xf", "-", "-C", to],
    stdin: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  await body!.pipeTo(child.stdin);
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
