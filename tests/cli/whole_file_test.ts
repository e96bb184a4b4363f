import { isExportName } from "../../lib/context/export_name.ts";
import { replaced } from "../exporter/scratch.ts";
import { writeWhole } from "../../lib/cli/whole_file.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";

Deno.test("a file is written beside its place and moved there", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/file`;
    await writeWhole(path, "one");
    const first = await Deno.stat(path);
    assertEquals(first.mode! & 0o777, 0o666 & ~Deno.umask());
    // It keeps its mode, and a reader its old file.
    await Deno.chmod(path, 0o640);
    using reader = await Deno.open(path);
    await writeWhole(path, "two");
    const second = await Deno.stat(path);
    assertEquals(second.mode! & 0o777, 0o640);
    assert(second.ino !== first.ino);
    const bytes = new Uint8Array(8);
    assertEquals(await reader.read(bytes), 3);
    assertEquals(new TextDecoder().decode(bytes.subarray(0, 3)), "one");
    assertEquals(await Deno.readTextFile(path), "two");
    assertEquals((await Array.fromAsync(Deno.readDir(folder))).length, 1);
  });
});

Deno.test("the name beside its place is one that no context takes", async () => {
  await withTempFolder(async (folder) => {
    const names: string[] = [];
    const { writeTextFile } = Deno;
    using _write = replaced(
      Deno,
      "writeTextFile",
      () => (path, ...rest) => {
        names.push(String(path));
        return writeTextFile(path, ...rest);
      },
    );
    await writeWhole(`${folder}/file`, "one");
    assertEquals(names.length, 1);
    assert(names[0]!.startsWith(`${folder}/`));
    assert(isExportName(names[0]!.slice(folder.length + 1)), names[0]!);
  });
});

Deno.test("a link keeps leading to its file", async () => {
  await withTempFolder(async (folder) => {
    await Deno.mkdir(`${folder}/a`);
    await Deno.writeTextFile(`${folder}/a/file`, "one");
    await Deno.symlink("a/file", `${folder}/link`);
    await writeWhole(`${folder}/link`, "two");
    assertEquals((await Deno.lstat(`${folder}/link`)).isSymlink, true);
    assertEquals(await Deno.readTextFile(`${folder}/a/file`), "two");
    assertEquals(
      (await Array.fromAsync(Deno.readDir(`${folder}/a`))).length,
      1,
    );
  });
});

Deno.test("what is no file is written as it is; a folder that is not there is told", async () => {
  await writeWhole("/dev/null", "x");
  assertEquals((await Deno.stat("/dev/null")).isFile, false);
  await withTempFolder(async (folder) => {
    await assertRejects(
      () => writeWhole(`${folder}/no/file`, "x"),
      Deno.errors.NotFound,
    );
    await assertRejects(() => writeWhole(folder, "x"), Error);
    assertEquals((await Array.fromAsync(Deno.readDir(folder))).length, 0);
  });
});

/** The one file that the next test may write. */
const ONLY = `/tmp/davit-test-whole-file-${crypto.randomUUID()}`;

Deno.test({
  name: "where no other file may be made, the file itself is written",
  permissions: { read: true, write: [ONLY] },
  async fn() {
    try {
      await writeWhole(ONLY, "one");
      const { ino } = await Deno.stat(ONLY);
      await writeWhole(ONLY, "two");
      assertEquals(await Deno.readTextFile(ONLY), "two");
      assertEquals((await Deno.stat(ONLY)).ino, ino);
    } finally {
      await Deno.remove(ONLY);
    }
  },
});

Deno.test("a link to a file that is not there yet leads to it afterwards", async () => {
  await withTempFolder(async (folder) => {
    await Deno.symlink("file", `${folder}/link`);
    await writeWhole(`${folder}/link`, "one");
    assertEquals(await Deno.readLink(`${folder}/link`), "file");
    assertEquals(await Deno.readTextFile(`${folder}/file`), "one");
  });
});
