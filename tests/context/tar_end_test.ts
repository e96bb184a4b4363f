import { tarDirectory } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

/** How many files below a folder this program has open. */
function openBelow(root: string): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(root);
    } catch {
      return false; // closed meanwhile
    }
  }).length;
}

async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; round < 3000 && !condition(); round++) {
    await new Promise((done) => setTimeout(done, 10));
  }
  assert(condition());
}

Deno.test("tarDirectory() closes its file at an abort, also if nobody reads on", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { big: "" });
    await Deno.truncate(`${root}/big`, 2_000_000_000);
    const abort = new AbortController();
    const reader = tarDirectory(root, { signal: abort.signal }).getReader();
    await reader.read();
    assertEquals(openBelow(root), 1);
    const reason = new Error("enough");
    abort.abort(reason);
    await until(() => openBelow(root) === 0);
    assertEquals(await reader.closed.catch((error) => error), reason);
    assertEquals(await reader.read().catch((error) => error), reason);
    // One that was aborted before gives nothing.
    const late = tarDirectory(root, { signal: abort.signal }).getReader();
    assertEquals(await late.read().catch((error) => error), reason);
  });
});

Deno.test("tarDirectory() waits for a read that is under way before it closes the file", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { big: "" });
    await Deno.truncate(`${root}/big`, 2_000_000_000);
    for (let round = 0; round < 30; round++) {
      const abort = new AbortController();
      const { signal } = abort;
      const reader = tarDirectory(root, { signal }).getReader();
      await reader.read();
      const reading = reader.read().then(({ done }) => done, () => true);
      for (let turns = 0; turns < round % 4; turns++) {
        await new Promise((done) => setTimeout(done, 0));
      }
      if (round % 2 === 0) await reader.cancel();
      else abort.abort(new Error("enough"));
      await reading;
      await until(() => openBelow(root) === 0);
    }
  });
});

Deno.test("tarDirectory() leaves out a file that vanished", async () => {
  await withTempFolder(async (root) => {
    const big = new Uint8Array(3_000_000);
    await writeTree(root, { "d/a": big, "d/b": "1", "d/c": "2", z: "3" });
    const names = async (change: () => Promise<void>) => {
      const reader = tarDirectory(root).getReader();
      const parts: BlobPart[] = [(await reader.read()).value!];
      await change();
      for (let part; !(part = await reader.read()).done;) {
        parts.push(part.value);
      }
      const text = await new Blob(parts).text();
      return ["d/a", "d/b", "d/c"].filter((name) => text.includes(`${name}\0`));
    };
    const remove = () => Deno.remove(`${root}/d/b`);
    assertEquals(await names(remove), ["d/a", "d/c"]);
  });
});
