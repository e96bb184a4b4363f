import { FolderLocal } from "../../lib/fsutil/folder_local.ts";
import { sendLocal } from "../../lib/fsutil/send.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { ScriptedEngine } from "../fsutil/scripted_engine.ts";

/** How far this program has read an open file; undefined if it is not open. */
function readSoFar(path: string): number | undefined {
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`) !== path) continue;
      const info = Deno.readTextFileSync(`/proc/self/fdinfo/${name}`);
      return Number(/^pos:\s*(\d+)/m.exec(info)![1]);
    } catch {
      continue; // closed meanwhile
    }
  }
  return undefined;
}

Deno.test("sendLocal() reads no further than two pieces ahead of an engine that takes none", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { big: "" });
    await Deno.truncate(`${root}/big`, 4 * 1024 ** 3);
    const paused = Promise.withResolvers<void>();
    const atPause = Promise.withResolvers<void>();
    const giveUp = new Error("enough");
    let packets = 0;
    const engine = new ScriptedEngine({
      onListed: (engine) => engine.ask(0),
      async onData() {
        packets++;
        atPause.resolve();
        await paused.promise;
        throw giveUp;
      },
    });
    const request = { include: [], exclude: [], follow: [] };
    const sending = sendLocal(engine.stream, new FolderLocal(root), request)
      .catch((error) => error);
    await atPause.promise;
    const before = Deno.memoryUsage().rss;
    for (let turns = 0; turns < 200; turns++) {
      await new Promise((done) => setTimeout(done, 1));
    }
    assertEquals(packets, 1);
    assert(readSoFar(`${root}/big`)! <= 2 * 512 * 1024);
    assert(Deno.memoryUsage().rss - before < 20_000_000);
    paused.resolve();
    assertEquals(await sending, giveUp);
    assertEquals(readSoFar(`${root}/big`), undefined);
  });
});

for (const asked of ["none", "all"]) {
  Deno.test(`a context of 400,000 files takes less than 150 MB, of which the engine wants ${asked}`, async () => {
    const program = new URL("memory_program.ts", import.meta.url).pathname;
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      {
        args: ["run", "-A", "--no-check", program, asked],
        cwd: new URL("../..", import.meta.url),
      },
    ).output();
    const decoder = new TextDecoder();
    assert(success, decoder.decode(stderr));
    const peak = Number(decoder.decode(stdout));
    assert(peak > 20 && peak < 150, `${peak} MB`);
  });
}
