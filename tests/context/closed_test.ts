// What the system says is said for it here: the replaced functions are those
// that the code under test calls.
// deno-lint-ignore-file no-sync-fn-in-async-fn
import { ContextFilter } from "../../lib/context/filter.ts";
import { walkContext } from "../support/walk.ts";
import { ContextError, tarDirectory } from "../../mod.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

Deno.test("walkContext() does not mind a closed folder that is not wanted itself", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { "closed/keep": "", "open/keep": "", z: "" });
    // Tests run as root, for whom nothing is closed.
    const { readDirSync } = Deno;
    Deno.readDirSync = (path) => {
      if (!String(path).endsWith("/closed")) return readDirSync(path);
      throw new Deno.errors.PermissionDenied("closed");
    };
    try {
      const paths = (exclude: string[]) =>
        [...walkContext(root, new ContextFilter({ exclude }))]
          .map(({ path }) => path);
      assertEquals(paths(["*", "!*/keep"]), ["open", "open/keep"]);
      assertEquals(paths(["closed"]), ["open", "open/keep", "z"]);
      const error = assertThrows(() => paths(["z"]), ContextError);
      assert(/closed.*make it readable/.test(error.message), error.message);
    } finally {
      Deno.readDirSync = readDirSync;
    }
  });
});

Deno.test("tarDirectory() leaves out what vanishes between its listing and its opening", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "1", b: "2", c: "3", "d/e": "4" });
    const { lstatSync } = Deno;
    Deno.lstatSync = (path) => {
      const info = lstatSync(path);
      if (String(path).endsWith("/b")) Deno.removeSync(path);
      if (String(path).endsWith("/d/e")) {
        Deno.removeSync(`${root}/d`, { recursive: true });
        Deno.writeTextFileSync(`${root}/d`, "a file by now");
      }
      return info;
    };
    try {
      const text = await new Response(tarDirectory(root)).text();
      const names = ["a", "b", "c", "d/e"]
        .filter((name) => text.includes(`${name}\0\0`));
      assertEquals(names, ["a", "c"]);
    } finally {
      Deno.lstatSync = lstatSync;
    }
  });
});
