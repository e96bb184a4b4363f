import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { pages, PROGRAMS, readBlocks } from "./blocks.ts";

const page = (...lines: string[]) => readBlocks("p.md", lines.join("\n"));

Deno.test("readBlocks() finds the blocks of a page, and what becomes of them", () => {
  assertEquals(
    page(
      "# A page",
      "```sh",
      "a",
      "b",
      "```",
      "<!-- not run: it is for nobody -->",
      "",
      "```ts",
      "c",
      "```",
      "<!-- stopped when it prints: listening -->",
      "```sh",
      "d",
      "```",
      "```text",
      "e",
      "```",
    ),
    [
      {
        where: "p.md:2",
        language: "sh",
        text: "a\nb\n",
        fate: { kind: "run" },
      },
      {
        where: "p.md:8",
        language: "ts",
        text: "c\n",
        fate: { kind: "skip", why: "it is for nobody" },
      },
      {
        where: "p.md:12",
        language: "sh",
        text: "d\n",
        fate: { kind: "stop", at: "listening" },
      },
      {
        where: "p.md:15",
        language: "text",
        text: "e\n",
        fate: { kind: "skip", why: "text is no program" },
      },
    ],
  );
});

Deno.test("readBlocks() refuses a block that would go untried without a word", () => {
  for (
    const [lines, words] of [
      [["```", "a", "```"], 'p.md:1: "" is not a language'],
      [["```ts ignore", "a", "```"], '"ts ignore" is not a language'],
      [["```bash", "a", "```"], '"bash" is not a language'],
      [["```ts", "a"], "does not end"],
      [["<!-- not run -->", "```ts", "a", "```"], "an unknown mark"],
      [["<!-- not run: -->", "```ts", "a", "```"], "an unknown mark"],
      [["<!-- not run: x -->", "text", "```ts", "a", "```"], "p.md:2: a block"],
      [["<!-- not run: x -->", "```text", "a", "```"], "not a language"],
    ] as const
  ) assertThrows(() => page(...lines), SyntaxError, words);
});

Deno.test("pages() are the README and those under examples/, and most of their programs are run", async () => {
  const all = await pages();
  assert(all.some(({ name }) => name === "README.md"));
  assert(all.filter(({ name }) => name.startsWith("examples/")).length >= 4);
  const programs = all.flatMap(({ blocks }) => blocks)
    .filter(({ language }) => PROGRAMS.has(language));
  const skipped = programs.filter(({ fate }) => fate.kind === "skip");
  assert(
    skipped.length * 4 <= programs.length,
    `of ${programs.length} programs these are not run:\n${
      skipped.map(({ where }) => where).join("\n")
    }`,
  );
});
