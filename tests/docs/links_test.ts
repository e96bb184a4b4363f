import { assert, assertEquals } from "../support/assert.ts";
import { pages } from "./blocks.ts";
import { readHeadings, readLinks } from "./links.ts";

const ROOT = new URL("../../", import.meta.url);

const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

Deno.test("readLinks() finds the links to files and headings, and not those in blocks or to other hosts", () => {
  assertEquals(
    readLinks(
      "examples/a/README.md",
      [
        "See [b](../b/README.md#two) and [this](#one),",
        "[c](c.ts) or [there](https://example.com/x).",
        "```text",
        "[no](link)",
        "```",
      ].join("\n"),
    ),
    [
      {
        where: "examples/a/README.md:1",
        path: "examples/b/README.md",
        heading: "two",
      },
      {
        where: "examples/a/README.md:1",
        path: "examples/a/README.md",
        heading: "one",
      },
      {
        where: "examples/a/README.md:2",
        path: "examples/a/c.ts",
        heading: undefined,
      },
    ],
  );
});

Deno.test("readHeadings() names headings as GitHub does", () => {
  assertEquals([
    ...readHeadings(
      "# One: `--output`\n\n```sh\n# no heading\n```\n## `strictSecrets` before, it\n",
    ),
  ], ["one---output", "strictsecrets-before-it"]);
});

Deno.test("every link of a page leads to a file that is there, and to a heading in it", async () => {
  const names = [
    ...(await pages()).map(({ name }) => name),
    ...["CHANGELOG.md", "lib/README.md", "tests/bench/README.md"],
    ".github/CONTRIBUTING.md",
  ];
  const wrong: string[] = [];
  let count = 0;
  for (const name of names) {
    for (const { where, path, heading } of readLinks(name, await read(name))) {
      count++;
      let text;
      try {
        text = await read(path);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        wrong.push(`${where}: there is no ${path}`);
        continue;
      }
      if (heading !== undefined && !readHeadings(text).has(heading)) {
        wrong.push(`${where}: ${path} has no heading #${heading}`);
      }
    }
  }
  assertEquals(wrong, []);
  assert(count > 40, "the links were read");
});

Deno.test("the README is short, and leads to each page of examples", async () => {
  const text = await read("README.md");
  const lines = text.trimEnd().split("\n").length;
  assert(lines <= 150, `it has ${lines} lines`);
  const linked = new Set(
    readLinks("README.md", text).map(({ path }) => path),
  );
  assertEquals(
    (await pages()).map(({ name }) => name)
      .filter((name) => name.startsWith("examples/") && !linked.has(name)),
    [],
  );
});

Deno.test("each page of examples has a program that is run", async () => {
  assertEquals(
    (await pages())
      .filter(({ blocks }) => blocks.every(({ fate }) => fate.kind === "skip"))
      .map(({ name }) => name),
    [],
  );
});
