import { assertEquals } from "../support/assert.ts";
import { DAVIT, runProgram } from "./command.ts";

const LIB = new URL("../../lib", import.meta.url).pathname;

Deno.test("in a checkout that Deno may not read, davit names the file and the flag, and tells its version", async () => {
  const davit = DAVIT.map((word) => word === "-A" ? "--no-prompt" : word);
  const { code, stdout, stderr } = await runProgram([...davit, "du"]);
  assertEquals(
    [code, stdout.length, stderr],
    [
      1,
      0,
      `ERROR: Requires read access to "${LIB}/cli/du_command.ts", run again with the --allow-read flag\n`,
    ],
  );
  assertEquals((await runProgram([...davit, "--version"])).code, 0);
});
