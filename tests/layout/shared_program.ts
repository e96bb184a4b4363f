/**
 * Uses a layout in a process of its own, together with others.
 *
 *     deno run -A shared_program.ts DIR tags NAME COUNT
 *     deno run -A shared_program.ts DIR hang
 *
 * `tags` writes contents and gives each of them a tag; `hang` begins to write
 * one, says so, and waits to be killed.
 */
import { LayoutFolder } from "../../lib/layout/layout_folder.ts";
import { bytesOf, entryOf, store } from "./layouts.ts";

const [path = "", what, name, count] = Deno.args;
await using layout = await LayoutFolder.open(path, "write");
if (what === "hang") {
  await using writer = layout.begin({})!;
  await writer.write(bytesOf("never whole"));
  Deno.stdout.writeSync(bytesOf("begun\n"));
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}
for (let index = 0; index < Number(count); index++) {
  await store(layout, "common to all");
  await store(layout, `${name} ${index}`);
  await layout.put(await entryOf(`${name} ${index}`), [
    { tag: `${name}-${index}` },
  ]);
}
