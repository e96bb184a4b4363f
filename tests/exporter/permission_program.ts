/**
 * Exports a few files with the permissions that it is run with, and prints what
 * came of it:
 *
 *     deno run --no-prompt --allow-read=… permission_program.ts DEST plain|symlink|folder
 */
import { FolderExporter } from "../../lib/exporter/folder_exporter.ts";
import { packets, playTree } from "./script.ts";

const [dest = "", kind] = Deno.args;
const say = (text: string) =>
  Deno.stdout.writeSync(new TextEncoder().encode(text));
const exporter = new FolderExporter(dest, {
  maxEntries: 1000,
  maxBytes: Infinity,
});
try {
  await exporter.prepare();
  await exporter.receive(playTree([
    { stat: packets.file("a", 1), content: Uint8Array.of(65) },
    ...(kind === "folder" ? [{ stat: packets.folder("both") }] : []),
    { stat: packets.hardlink("h", "a") },
    ...(kind === "symlink" ? [{ stat: packets.symlink("s", "a") }] : []),
  ]));
  await exporter.commit();
  say(
    `ok ${
      Array.from(Deno.readDirSync(dest), ({ name }) => name).sort().join(" ")
    }`,
  );
} catch (error) {
  say(String(error));
} finally {
  await exporter.discard();
}
