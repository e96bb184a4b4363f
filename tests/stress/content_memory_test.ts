import { assert } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";

Deno.test("a content of 400 MiB is written and read by an engine in less memory than it has", async () => {
  await withTempFolder(async (folder) => {
    const program = new URL("content_program.ts", import.meta.url).pathname;
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      {
        args: ["run", "-A", "--no-check", program, `${folder}/store`, "400"],
        cwd: new URL("../..", import.meta.url),
      },
    ).output();
    const decoder = new TextDecoder();
    assert(success, decoder.decode(stderr));
    const peak = Number(decoder.decode(stdout));
    // Both ends of the connection are in it.
    assert(peak > 20 && peak < 330, `${peak} MB`);
  });
});
