import type { ContextEntry } from "../../lib/context/entry.ts";
import { walkContext } from "../support/walk.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

function entriesOf(root: string): Map<string, ContextEntry> {
  return new Map([...walkContext(root)].map((entry) => [entry.path, entry]));
}

/** Sets times until all of it happened within one second, which is all that Deno tells of it. */
async function setTogether(paths: string[], time: Date): Promise<number> {
  while (true) {
    for (const path of paths) await Deno.utime(path, time, time);
    const changes = await Promise.all(
      paths.map(async (path) => (await Deno.lstat(path)).ctime!.getTime()),
    );
    if (new Set(changes).size === 1) return changes[0]!;
  }
}

Deno.test("walkContext() gives files of one time one time", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "1", b: "2", "d/c": "3" });
    for (const entry of entriesOf(root).values()) {
      assertEquals(entry.stamp, 0, `${entry.path} was just written`);
    }
    const paths = ["a", "b", "d/c"].map((path) => `${root}/${path}`);
    await setTogether(paths, new Date(1_600_000_000_000));
    for (const path of ["a", "b", "d/c"]) {
      assertEquals(entriesOf(root).get(path)?.stamp, 0, "whole seconds");
    }
    await setTogether(paths, new Date(1_600_000_000_123));
    const entries = entriesOf(root);
    assertEquals(entries.get("a")?.mtimeMs, 1_600_000_000_123);
    assertEquals(entries.get("a")?.stamp, entries.get("b")?.stamp);
    assertEquals(entries.get("a")?.stamp, entries.get("d/c")?.stamp);
  });
});

Deno.test("walkContext() tells a time that was set by hand from the same one that was set before", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "1" });
    const time = new Date(1_600_000_000_123);
    const first = await setTogether([`${root}/a`], time);
    const before = entriesOf(root).get("a")!.stamp;
    assert(before > 0 && before < 1_000_000);
    while (await setTogether([`${root}/a`], time) === first) {
      await new Promise((done) => setTimeout(done, 50));
    }
    assert(entriesOf(root).get("a")!.stamp !== before);
  });
});
