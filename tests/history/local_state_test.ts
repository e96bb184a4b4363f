import { readLocalState } from "../../lib/history/local_state.ts";
import { assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

Deno.test("what buildx wrote of a build is found, whatever its builder is called", async () => {
  await withTempFolder(async (folder) => {
    const raw = { Target: "default", LocalPath: "/a", DockerfilePath: "/a/D" };
    await writeTree(folder, {
      "refs/default/default/other": "{}",
      "refs/b1/node0/abc": JSON.stringify(raw),
      "refs/b1/node0/empty": "{}",
      "refs/b1/node0/broken": "{",
      "refs/b1/node0/odd": '{"LocalPath":1}',
      "refs/b1/file": "",
      "refs/__group__/node/grouped": JSON.stringify(raw),
      "refs/readme": "",
      outside: JSON.stringify(raw),
    });
    const state = (ref: string) => readLocalState(folder, ref);
    assertEquals(await state("abc"), {
      context: "/a",
      dockerfile: "/a/D",
      raw,
    });
    assertEquals(await state("empty"), {
      context: "",
      dockerfile: "",
      raw: {},
    });
    assertEquals((await state("odd"))?.context, "");
    for (
      const ref of ["none", "broken", "grouped", "../../../outside", "", "file"]
    ) assertEquals(await state(ref), undefined, ref);
  });
  await withTempFolder(async (folder) => {
    assertEquals(await readLocalState(folder, "abc"), undefined);
    assertEquals(await readLocalState(`${folder}/none`, "abc"), undefined);
    await Deno.writeTextFile(`${folder}/refs`, "");
    assertEquals(await readLocalState(folder, "abc"), undefined);
  });
});

Deno.test({
  name: "a folder of buildx that must not be read counts as none",
  permissions: { read: false },
  async fn() {
    assertEquals(await readLocalState("/home", "abc"), undefined);
  },
});
