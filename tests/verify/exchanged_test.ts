import { verifySecrets } from "../../mod.ts";
import { assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { newToken } from "./keys.ts";

const EXCHANGES: Record<string, (folder: string) => Promise<unknown>> = {
  "a link": (folder) => Deno.symlink(`${folder}/outside`, `${folder}/in/a`),
  "a FIFO": (folder) =>
    new Deno.Command("mkfifo", { args: [`${folder}/in/a`] }).output(),
  "a folder": (folder) => Deno.mkdir(`${folder}/in/a`),
};

for (const [what, exchange] of Object.entries(EXCHANGES)) {
  Deno.test(`verifySecrets() names a file that became ${what} as one that can't be read, and goes on`, async () => {
    await withTempFolder(async (folder) => {
      const token = newToken();
      await writeTree(folder, {
        "in/a": "nothing",
        "in/b/c": token,
        outside: token,
      });
      const path = `${folder}/in/a`;
      const { lstat } = Deno;
      Deno.lstat = async (at) => {
        const info = await lstat(at);
        if (at === path) {
          await Deno.remove(path);
          await exchange(folder);
        }
        return info;
      };
      try {
        const { finds, unreadable } = await verifySecrets(`${folder}/in`, {
          token,
        });
        assertEquals(finds.map(({ path }) => path), ["b/c"]);
        assertEquals(unreadable, ["a"]);
      } finally {
        Deno.lstat = lstat;
      }
    });
  });
}
