import { assert, assertEquals } from "../support/assert.ts";
import { byRoom, findTestFiles, ROOT } from "./test_files.ts";

Deno.test("findTestFiles() finds every file of tests once, by what it needs", async () => {
  const { engine, unit, stress, timed } = await findTestFiles();
  const { stdout } = await new Deno.Command("find", {
    args: ["tests", "-name", "*_test.ts", "-not", "-path", "*/.cache/*"],
    cwd: ROOT,
  }).output();
  assertEquals(
    [...engine, ...unit, ...stress, ...timed].sort(),
    new TextDecoder().decode(stdout).trim().split("\n").sort(),
  );
  assert(engine.every((path) => path.endsWith("_engine_test.ts")));
  assert(engine.includes("tests/imagebuild/secrets_engine_test.ts"));
  assert(!unit.some((path) => path.endsWith("_engine_test.ts")));
  assert(unit.includes("tests/engines/test_files_test.ts"));
  assert(stress.every((path) => path.startsWith("tests/stress/")));
  assertEquals(timed.length, 1);
});

Deno.test("byRoom() keeps the files of a folder below tests together", () => {
  assertEquals(
    byRoom(["tests/a_test.ts", "tests/x/b_test.ts", "tests/x/y/c_test.ts"]),
    [["tests/a_test.ts"], ["tests/x/b_test.ts", "tests/x/y/c_test.ts"]],
  );
});
