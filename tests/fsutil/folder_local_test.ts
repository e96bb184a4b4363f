import { FolderLocal } from "../../lib/fsutil/folder_local.ts";
import type { LocalRequest } from "../../lib/fsutil/local.ts";
import { assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { withoutPauses } from "../support/walk.ts";

Deno.test("FolderLocal offers what an engine asks for, as docker's client does", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { "a/x": "", "a/y": "", b: "", "c/d": "" });
    await Deno.symlink("../b", `${root}/a/link`);
    const listed = (request: Partial<LocalRequest>) => {
      const local = new FolderLocal(root);
      const all = { include: [], exclude: [], follow: [], ...request };
      return [...withoutPauses(local.entries(all))].map(({ path }) => path);
    };
    const everything = ["a", "a/link", "a/x", "a/y", "b", "c", "c/d"];
    assertEquals(listed({}), everything);
    assertEquals(listed({ follow: ["b"] }), ["b"]);
    assertEquals(listed({ follow: ["a/link"] }), ["a", "a/link", "b"]);
    assertEquals(listed({ follow: ["/"] }), everything);
    // fsutil: the root among the paths adds nothing to the patterns …
    assertEquals(listed({ include: ["b"], follow: ["."] }), ["b"]);
    assertEquals(listed({ include: ["b"], follow: ["c"] }), ["b", "c", "c/d"]);
    // … and among the patterns it is everything.
    assertEquals(listed({ include: ["."], follow: ["c"] }), everything);
    assertEquals(listed({ include: ["a"], exclude: ["a/x"] }), [
      "a",
      "a/link",
      "a/y",
    ]);
  });
});
