import { ArchiveFile } from "../../lib/exporter/archive_file.ts";
import { ExportError } from "../../lib/exporter/export_error.ts";
import { FolderExporter } from "../../lib/exporter/folder_exporter.ts";
import { StagedTree } from "../../lib/exporter/staged_tree.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { scratch } from "./scratch.ts";

const LIMITS = { maxEntries: 100, maxBytes: 1000 };

Deno.test("what is exported is nobody else's to see before it is in its place", async () => {
  await using place = await scratch();
  const before = Deno.umask(0);
  try {
    for (
      const exporter of [
        new FolderExporter(`${place.path}/new`, LIMITS),
        new ArchiveFile(`${place.path}/out.tar`, LIMITS),
      ]
    ) {
      await exporter.prepare();
      const folders = await Array.fromAsync(Deno.readDir(place.path));
      const modes = folders.filter(({ name }) => name.startsWith(".")).map(
        ({ name }) => Deno.statSync(`${place.path}/${name}`).mode! & 0o777,
      );
      assertEquals(modes, [0o700]);
      await exporter.discard();
    }
  } finally {
    Deno.umask(before);
  }
});

Deno.test("nothing that is there is written over, nor written through", async () => {
  await using place = await scratch();
  await Deno.mkdir(`${place.path}/tree`);
  const outside = `${place.path}/outside`;
  await Deno.writeTextFile(outside, "theirs");
  await Deno.symlink(outside, `${place.path}/tree/link`);
  await Deno.symlink(`${place.path}/none`, `${place.path}/tree/dangling`);
  await Deno.writeTextFile(`${place.path}/tree/file`, "first");
  const tree = new StagedTree(`${place.path}/tree`, "dest", LIMITS);
  const [time, bytes] = [new Date(), new TextEncoder().encode("ours")];
  for (const path of ["link", "dangling", "file"]) {
    for (
      const make of [
        () => tree.file(path, 0o644, time, bytes),
        () => tree.open(path),
        () => tree.symlink(path, "x", time),
        () => tree.folder(path, 0o755, time),
      ]
    ) assertThrows(make, ExportError, "can't be written");
  }
  await tree.close();
  assertEquals(await Deno.readTextFile(outside), "theirs");
  assertEquals(await Deno.readTextFile(`${place.path}/tree/file`), "first");
  const names = await Array.fromAsync(Deno.readDir(place.path), (e) => e.name);
  assertEquals(names.sort(), ["outside", "tree"]);
});
