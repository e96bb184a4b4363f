import { FolderLocal } from "../../lib/fsutil/folder_local.ts";
import { FileMode, PacketType, type Stat } from "../../lib/fsutil/packets.ts";
import { readPacket } from "../../lib/fsutil/packet_reader.ts";
import { PacketWriter } from "../../lib/fsutil/packet_writer.ts";
import { sendLocal } from "../../lib/fsutil/send.ts";
import { framed } from "../grpc/framed.ts";
import { assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";

/** The entries that are sent of a folder to an engine that has all contents. */
async function statsOf(root: string): Promise<Stat[]> {
  const stats: Stat[] = [];
  const listed = Promise.withResolvers<void>();
  const stream = framed({
    signal: new AbortController().signal,
    async read() {
      await listed.promise;
      return new PacketWriter().finish();
    },
    write(...parts) {
      const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
      const { type, stat } = readPacket(bytes);
      if (type !== PacketType.STAT) return undefined;
      if (stat === undefined) listed.resolve();
      else stats.push(stat);
      return undefined;
    },
  });
  await sendLocal(stream, new FolderLocal(root), {
    include: [],
    exclude: [],
    follow: [],
  });
  return stats;
}

/** What fsutil's receiver would find on its own disk, had it written these entries there. */
async function isSame(kept: string, sent: Stat): Promise<boolean> {
  const info = await Deno.lstat(`${kept}/${sent.path}`);
  if ((sent.mode & FileMode.DIR) !== 0) return info.isDirectory;
  // `sameFile`: the length of everything but folders, links of both kinds not left out.
  return info.size === sent.size && info.mtime?.getTime() === sent.mtimeMs;
}

Deno.test("an engine that has a folder finds every entry of it unchanged, links too", async () => {
  await withTempFolder(async (root) => {
    await writeTree(root, { "d/file": "12345", "é": "1", empty: "" });
    await Deno.symlink("d/file", `${root}/link`);
    await Deno.symlink("d/é日", `${root}/unicode`);
    await Deno.link(`${root}/d/file`, `${root}/z-hard`);
    await Deno.link(`${root}/empty`, `${root}/z-empty`);
    await new Deno.Command("mkfifo", { args: [`${root}/fifo`] }).output();
    const stats = await statsOf(root);
    const changed: string[] = [];
    for (const stat of stats) {
      if (!await isSame(root, stat)) changed.push(stat.path);
    }
    assertEquals(changed, []);
    assertEquals(stats.length, 9);
    assertEquals(
      stats.find(({ path }) => path === "z-hard")?.linkname,
      "d/file",
    );
  });
});
