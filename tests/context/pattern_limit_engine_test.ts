import { ContextFilter } from "../../lib/context/filter.ts";
import { parseExpression } from "../../lib/context/pattern_expression.ts";
import { readSyntax } from "../../lib/context/pattern_syntax.ts";
import { assertEquals } from "../support/assert.ts";
import { engineTest, isRecent } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { tryDockerBuild } from "./docker_build.ts";

/** One repetition too many for Go, which makes no program of more than 3,355,443 instructions. */
const TOO_LARGE: readonly string[] = [
  `x${"?{0,1000}".repeat(1678)}b*`,
  `x${"?{1000}".repeat(3356)}`,
  `x${"?{1000,}".repeat(3353)}`,
  `x*|${"?{999,1000}".repeat(3353)}`,
];

/** The next smaller ones, which docker's client takes; it needs half a minute for each. */
const LARGEST: readonly string[] = [
  `x${"?{0,1000}".repeat(1677)}b*`,
  `x${"?{1000}".repeat(3355)}`,
  `x${"?{1000,}".repeat(3352)}`,
  `x*|${"?{999,1000}".repeat(3352)}`,
];

/** As large as davit matches anything with. */
const LARGE = `x${"?{0,1000}".repeat(130)}b*`;

function isReadable(pattern: string): boolean {
  try {
    parseExpression(readSyntax(pattern).expression);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

engineTest(
  "a pattern is refused for its size where docker's client refuses it",
  async (context) => {
    await withTempFolder(async (root) => {
      await writeTree(root, { "tree/a": "" });
      const dockerfile = `${root}/Dockerfile`;
      await Deno.writeTextFile(dockerfile, "FROM scratch\nCOPY . /\n");
      const taken = async (pattern: string) => {
        await Deno.writeTextFile(`${dockerfile}.dockerignore`, `${pattern}\n`);
        const build = await tryDockerBuild(context, `${root}/tree`, [
          "-f",
          dockerfile,
          "-o",
          "-",
          "--no-cache",
        ]);
        const isRefused = /syntax error in pattern/.test(build.stderr);
        if (build.success === isRefused) throw new Error(build.stderr);
        return build.success;
      };
      for (const pattern of TOO_LARGE) {
        const start = pattern.slice(0, 40);
        assertEquals(await taken(pattern), false, start);
        assertEquals(isReadable(pattern), false, start);
      }
      assertEquals(await taken(LARGE), true);
      const filter = new ContextFilter({ exclude: [LARGE] });
      assertEquals(filter.step("a", filter.root).keep, true);
      for (const pattern of LARGEST) {
        assertEquals(isReadable(pattern), true, pattern.slice(0, 40));
      }
    });
  },
  isRecent,
);
