import { UnsupportedError } from "../../lib/errors.ts";
import { loadModule } from "../../lib/cli/load_module.ts";
import { replaced } from "../exporter/scratch.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { DAVIT, INSTALL_FLAGS, INSTALLED, runProgram } from "./command.ts";

const LIB = new URL("../../lib", import.meta.url).pathname;
const STANDALONE =
  new URL("../../lib/cli/standalone.ts", import.meta.url).pathname;

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

Deno.test("the flags with which davit is installed are known to Deno, and are those that every page tells", async () => {
  const line = `deno install -g -A -n davit ${INSTALL_FLAGS.join(" ")} jsr:`;
  for (
    const page of ["README.md", "examples/cli/README.md", "lib/cli/main.ts"]
  ) {
    const url = new URL(`../../${page}`, import.meta.url);
    assert((await Deno.readTextFile(url)).includes(line), page);
  }
  assertEquals(
    INSTALLED.filter((word) => INSTALL_FLAGS.includes(word)),
    INSTALL_FLAGS,
  );
  const [installed, plain] = await Promise.all(
    [INSTALLED, DAVIT].map((words) =>
      runProgram([...words, "prune", "--help"])
    ),
  );
  assertEquals(installed, plain);
});

Deno.test("the program for deno compile has all files in sight: it needs no permission to load one", async () => {
  const standalone = DAVIT.map((word) =>
    word === "-A"
      ? "--no-prompt"
      : word.endsWith("/main.ts")
      ? STANDALONE
      : word
  );
  const help = await runProgram([...standalone, "prune", "--help"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  const { code, stderr } = await runProgram([
    ...standalone,
    ...["du", "--host", "unix:///none/docker.sock"],
  ]);
  assertEquals(
    [code, stderr.includes("unix:///none/docker.sock"), stderr.includes(LIB)],
    [1, true, false],
    stderr,
  );
});

Deno.test("a program of deno compile without the command's files says what to compile", async () => {
  const load = () => loadModule("./none.ts");
  await assertRejects(load, TypeError);
  using _build = replaced(
    Deno,
    "build",
    (build) => ({ ...build, standalone: true }),
  );
  const error = await assertRejects(load, UnsupportedError);
  assertEquals(
    error.message,
    "deno compile has left out ./none.ts of davit's command; compile jsr:@davit/build/standalone in place of jsr:@davit/build/cli",
  );
});
