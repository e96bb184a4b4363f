import { contextEntry } from "../../lib/context/entry.ts";
import { ContextError } from "../../lib/errors.ts";
import { walkContext } from "../support/walk.ts";
import { FolderLocal } from "../../lib/fsutil/folder_local.ts";
import type { Local, LocalRequest } from "../../lib/fsutil/local.ts";
import { sendLocal } from "../../lib/fsutil/send.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { ScriptedEngine } from "./scripted_engine.ts";

const EVERYTHING: LocalRequest = { include: [], exclude: [], follow: [] };

/** Sends a folder of one file, which becomes something else before it is asked for. */
async function failureOf(
  root: string,
  size: number,
  change: () => Promise<unknown>,
): Promise<ContextError> {
  await Deno.writeFile(`${root}/a`, new Uint8Array(size));
  const engine = new ScriptedEngine({
    async onListed(engine) {
      await Deno.remove(`${root}/a`);
      await change();
      engine.ask(0);
    },
  });
  const error = await assertRejects(
    () => sendLocal(engine.stream, new FolderLocal(root), EVERYTHING),
    ContextError,
  );
  assertEquals(engine.told, error.message);
  return error;
}

for (const size of [1, 1_000_000]) {
  Deno.test(`sendLocal() names a file of ${size} bytes that became a folder, or a FIFO that gives nothing`, async () => {
    await withTempFolder(async (root) => {
      const folder = await failureOf(
        root,
        size,
        () => Deno.mkdir(`${root}/a`),
      );
      assert(folder.message.includes(`${root}/a`), folder.message);
      assert(/EISDIR/.test(folder.message), folder.message);
    });
    await withTempFolder(async (root) => {
      let writer: Deno.FsFile | undefined;
      const fifo = await failureOf(root, size, async () => {
        await new Deno.Command("mkfifo", { args: [`${root}/a`] }).output();
        // Somebody has it open, and writes nothing: there is no end to wait for.
        writer = await Deno.open(`${root}/a`, { read: true, write: true });
      });
      writer?.close();
      assert(fifo.message.includes(`${root}/a`), fifo.message);
      assert(/EAGAIN/.test(fifo.message), fifo.message);
    });
  });
}

Deno.test("walkContext() takes what is below a folder that became a file for gone", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { "d/a": "", "d/b": "", "d/c/x": "", z: "" });
    const seen: string[] = [];
    for (const { path } of walkContext(root)) {
      seen.push(path);
      if (path !== "d/a") continue;
      await Deno.remove(`${root}/d`, { recursive: true });
      await Deno.writeTextFile(`${root}/d`, "");
    }
    assertEquals(seen, ["d", "d/a", "z"]);
  });
});

Deno.test("sendLocal() gives way within a large file that took a small one's place", async () => {
  await withTempFolder(async (root) => {
    await Deno.writeTextFile(`${root}/a`, "small");
    let bytes = 0;
    let bytesAtTurn: number | undefined;
    const engine = new ScriptedEngine({
      async onListed(engine) {
        await Deno.truncate(`${root}/a`, 64_000_000);
        engine.ask(0);
      },
      onData(_id, data, engine) {
        if (bytes === 0) setTimeout(() => bytesAtTurn = bytes, 0);
        bytes += data.length;
        if (data.length === 0) engine.finish();
      },
    });
    await sendLocal(engine.stream, new FolderLocal(root), EVERYTHING);
    assertEquals(bytes, 64_000_000);
    assert(bytesAtTurn! < bytes, `${bytesAtTurn}`);
  });
});

Deno.test("sendLocal() refuses the id of a hard link, whose content is that of another entry", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { a: "linked" });
    await Deno.link(`${root}/a`, `${root}/b`);
    // It has the content with the first one; of the second it may not ask.
    const engine = new ScriptedEngine({ onListed: (engine) => engine.ask(1) });
    const error = await sendLocal(
      engine.stream,
      new FolderLocal(root),
      EVERYTHING,
    ).catch((error) => error);
    assert(/invalid file id 1/.test(error.message), `${error}`);
  });
});

Deno.test("sendLocal() hears requests while it is still listing, however fast its entries are taken", async () => {
  let isSent = false;
  let entries = 0;
  const local: Local = {
    *entries() {
      // There is no end before the first one was asked for, by a timer, and sent.
      for (; !isSent && entries < 10_000_000; entries++) {
        yield contextEntry({
          path: `f${entries}`,
          type: "file",
          mode: 0o644,
          size: 1,
        });
      }
    },
    content: () => new Uint8Array(1),
  };
  const engine = new ScriptedEngine({
    onStat(_stat, id, engine) {
      if (id === 0) setTimeout(() => engine.ask(0), 0);
    },
    onData(_id, data) {
      if (data.length === 0) isSent = true;
    },
    onListed: (engine) => engine.finish(),
  });
  await sendLocal(engine.stream, local, EVERYTHING);
  assert(entries < 10_000_000, "the engine was heard only at the end");
});
