import { findRoot } from "../../lib/context/root.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

Deno.test("findRoot() has one key for one folder, and another for one in its place", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { "a/x": "", "b/x": "" });
    await Deno.symlink("a", `${root}/link`);
    const { path, key } = await findRoot(`${root}/a`);
    assertEquals(path, `${root}/a`);
    assertEquals((await findRoot(`${root}/link`)).key, key);
    assertEquals((await findRoot(new URL(`file://${root}/a/`))).key, key);
    assert((await findRoot(`${root}/b`)).key !== key);
    await Deno.writeTextFile(`${root}/a/y`, "what is in it is no part of it");
    assertEquals((await findRoot(`${root}/a`)).key, key);
    // The old one is kept, so that its inode is not given out again.
    await Deno.rename(`${root}/a`, `${root}/old`);
    await Deno.mkdir(`${root}/a`);
    assert((await findRoot(`${root}/a`)).key !== key);
    assert((await findRoot(`${root}/old`)).key !== key);
  });
});

Deno.test("findRoot() mixes the machine's id into the key where it may read it", async () => {
  const hasId = await Deno.readTextFile("/etc/machine-id").then(Boolean)
    .catch(() => false);
  await withTempFolder(async (root) => {
    const module = new URL("../../lib/context/root.ts", import.meta.url);
    const script =
      `import { findRoot } from "${module}"; console.log((await findRoot("${root}")).key)`;
    const keyWith = async (read: string) => {
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-prompt",
          "--no-check",
          `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
          `--allow-read=${read}`,
          `data:text/javascript,${encodeURIComponent(script)}`,
        ],
      }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    const without = await keyWith(root);
    assertEquals(without.length, 64);
    const withId = await keyWith(`${root},/etc/machine-id`);
    assertEquals(withId, (await findRoot(root)).key);
    assertEquals(withId === without, !hasId);
  });
});

Deno.test("findRoot() does not advise to ignore the folder", async () => {
  await withTempFolder(async (root) => {
    await Deno.symlink("loop", `${root}/loop`);
    const error = await assertRejects(() => findRoot(`${root}/loop`));
    assert(!/ignore/.test((error as Error).message), `${error}`);
  });
});
