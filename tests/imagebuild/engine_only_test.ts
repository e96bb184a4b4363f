// The page of this folder lists which tests of builds are for engines alone, and
// why: here it is compared with the tests.

import { assert, assertEquals } from "../support/assert.ts";

/** Which folders have tests that take every way. */
const ROOMS = ["imagebuild", "exporter", "verify", "context"];

const TESTS = new URL("../", import.meta.url);
const PAGE = new URL("README.md", import.meta.url);

/** What registers a test, from the start of its line to the end. */
const TEST_REGEXP = /^( *)\w+Test\([^]*?\n\1(?:\}(?:, [^\n]*)?)?\);$/gm;

/** What registers a test for engines alone. */
const FOR_ENGINES_REGEXP =
  /^ *(?:engineTest|engineKindTest|containerdTest)\(|^ *bothWaysTest\([^]*\bengineOnly:/;

/** The tests that no daemon runs, by the paths of their files. */
async function found(): Promise<Record<string, string[]>> {
  const files: Record<string, string[]> = {};
  for (const room of ROOMS) {
    const folder = new URL(`${room}/`, TESTS);
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.endsWith("_engine_test.ts")) continue;
      const text = await Deno.readTextFile(new URL(name, folder));
      const tests = [...text.matchAll(TEST_REGEXP)].map(([test]) => test)
        .filter((test) => FOR_ENGINES_REGEXP.test(test));
      if (tests.length > 0) files[`${room}/${name}`] = tests.map(titleOf);
    }
  }
  return files;
}

/** The name of a test, as far as it is the same for all that are registered. */
function titleOf(test: string): string {
  const [, , text] = /(["'`])((?:(?!\1)[^])*)\1,\s/.exec(test)!;
  return text!.replace(/\$\{[^]*/, "");
}
/** What the page lists, by the paths of files. */
async function listed(): Promise<Record<string, string[]>> {
  const page = await Deno.readTextFile(PAGE);
  const files: Record<string, string[]> = {};
  const [, ...sections] = page.split(/^### `tests\/(?=.*`$)/m);
  for (const section of sections) {
    const path = section.slice(0, section.indexOf("`"));
    const items = section.split(/^- /m).slice(1);
    (files[path] ??= []).push(
      ...items.map((item) => item.replaceAll(/\s+/g, " ").trim()),
    );
  }
  return files;
}

/** In one order, and without the spaces at ends of lines. */
function sorted(files: Record<string, string[]>): unknown {
  return Object.entries(files).sort().map(([path, names]) => [
    path,
    names.map((name) => name.replaceAll(/\s+/g, " ").trim()).sort(),
  ]);
}

Deno.test("the page lists each test of builds that no daemon runs", async () => {
  const tests = await found();
  assert(Object.keys(tests).length > 10);
  assertEquals(
    sorted(await listed()),
    sorted(tests),
    "name the test in tests/imagebuild/README.md, and why no daemon runs it; or register it by buildkitTest() or bothWaysTest()",
  );
});
