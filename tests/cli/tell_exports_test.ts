import { tellExports } from "../../lib/cli/tell_exports.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("the command says where each export is, and of standard output nothing", () => {
  let told = "";
  const output = {
    writeSync(bytes: Uint8Array) {
      told += new TextDecoder().decode(bytes);
      return bytes.length;
    },
  };
  tellExports([
    { dest: "/a/out", entries: 1, bytes: 3, skipped: 0 },
    { dest: undefined, entries: 0, bytes: 5, skipped: 0 },
    { dest: "/a/many", entries: 12, bytes: 1500, skipped: 0 },
    { dest: "/a/out.tar", entries: 0, bytes: 2048, skipped: 0 },
  ], output);
  assertEquals(
    told,
    "exported to /a/out (1 entry, 3B)\n" +
      "exported to /a/many (12 entries, 1.50kB)\n" +
      "exported to /a/out.tar (2.05kB)\n",
  );
  tellExports([], output);
  assertEquals(told.split("\n").length, 4);
});
