import { ContextFilter } from "../../lib/context/filter.ts";
import { parseIgnoreFile } from "../../lib/context/ignore_file.ts";
import { walkContext } from "../support/walk.ts";
import { ContextError } from "../../lib/errors.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  type EngineContext,
  engineTest,
  isRecent,
} from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { Random } from "../support/random.ts";
import { tryDockerBuild } from "./docker_build.ts";
import { tarEntries } from "./image_listing.ts";

const CASES = 260;
const encoder = new TextEncoder();

/** Ignore files with which something was wrong once, here or elsewhere. */
const KNOWN: readonly string[] = [
  "",
  "*\n",
  "**\n",
  "*\n!a\n",
  "*\n!a/b\n",
  "*\n!**/x\n",
  "a\n!a/b/x\na/b\n",
  "\ufeffa\n",
  "a\r\nb\r\n",
  "#a\n # a\n",
  " a \n",
  "! a\n*\n!b\n",
  "/a/\n/\n.\n",
  "./a/../b\n",
  "../a\n",
  "a/**/x\n",
  "**/b/**\n!**/b/x\n",
  "[\n",
  "a[\n",
  "!\n",
  "[a-c]\n",
  "[^a]*\n",
  "[!a]\n",
  "\\*\n",
  "a\\ b\n",
  "x\\\n",
  "**/*.log\n!keep.log\n",
  "a**\n",
  "a**b\n",
  "**a\n",
  "***\n",
  "a/***/x\n",
  "?\n",
  "é\n日*\n",
  "(.*)\n",
  "a.b\na+b\n",
  "$\n^a\n",
  "a//b\n",
  "a/b/\n!a/b/x/\n",
  "!a\na\n",
  "*/*\n!*/b\n",
  "**/\n",
  "**/*\n!a\n",
  `${"*a".repeat(30)}b\n`,
  "*.log\n!\n",
  "a b\n",
  "a\tb\n",
  "[]a]\n",
  "[a-]\n",
  "[-a]\n",
  "[[:alpha:]]\n",
  "\\a\n",
  "a/[b]/x\n",
  "a[^b]b\n",
  // Alternatives and numbers, which mean something beside a wildcard only.
  "*.log|*.tmp\n",
  "a|b\n",
  "a|zz*\n",
  "*\n!a|zz*\n",
  "*|\n",
  "a||b*\n",
  "a{1}/*\n",
  "a{1}\n",
  "*\n!a{1}/b*\n",
  "*{2}\n",
  "?{2}\n",
  "?{1,2}b*\n",
  "[ab]{2,}*\n",
  "x{2,1}*\n",
  "?{1001}\n",
  "*{,2}\n",
  "{a,b}*\n",
  "|{2}*\n",
  "\\p{L}\n",
  "\\p{^Lu}*\n",
  "\\x{61}*\n",
  "\\Qab\n",
  "\\Qa\\E{2}*\n",
  // Where fsutil looks no further, whatever the pattern would match.
  "*\n!a/*/**\n",
  "d\n!d/*/**\n",
  "a\n!a/x/*/**\n",
  "*\n!^a/b*\n",
  "c\n\ufeffa/b*\n",
  "*\n!\ufeffa/b*\n",
];

function someLine(random: Random): string {
  const part = () =>
    random.pick([
      "a",
      "b",
      "c",
      "x",
      "a.b",
      "*",
      "**",
      "?",
      "*.log",
      "keep.log",
      "[a-c]",
      "[^a]",
      "é",
      "日",
      "a*",
      "*b",
      "a b",
      "a**",
      "\\a",
      "..",
      ".",
      "",
      "x?",
      "a{1}",
      "?{2}",
      "*|a",
      "b|x",
      "^a",
      "\\Qa",
      "a$",
      "c}",
    ]);
  const path = Array.from({ length: 1 + random.below(4) }, part).join("/");
  const before = random.pick(["", "", "", "!", "!", "/", "!/", " ", "! ", "#"]);
  return before + path + random.pick(["", "", "", "/", " ", "\r"]);
}

/** @param wanted Whether a client of this generation reads a file as new ones do. */
function ignoreFiles(wanted: (ignore: string) => boolean): string[] {
  const random = new Random(2024);
  const files = KNOWN.filter(wanted);
  while (files.length < CASES) {
    const lines = Array.from(
      { length: 1 + random.below(6) },
      () => someLine(random),
    );
    if (random.below(3) === 0) {
      lines.unshift(random.pick(["*", "**", "a", "*/b"]));
    }
    const ignore = `${lines.join("\n")}\n`;
    if (wanted(ignore)) files.push(ignore);
  }
  return files;
}

async function makeTree(root: string): Promise<void> {
  const files: Record<string, string> = {};
  const names = ["a", "b", "x", "a.b", "keep.log", "é", "a b"];
  for (const one of names) {
    files[`top-${one}`] = "";
    for (const two of names) {
      files[`${one}/${two}/x`] = "";
      files[`${one}/${two}/a.log`] = "";
    }
    files[`${one}/keep.log`.replace("/keep.log", "/k.log")] = "";
  }
  for (
    const name of [
      "c",
      "cab",
      "ab",
      "*",
      "(.*)",
      "a+b",
      "$",
      "^a",
      "a$",
      "a{1}z/x",
      "a|b",
      "x.log|y.tmp",
      "日x",
      "#a",
      "z.log",
      "[",
      "]a",
      "-",
    ]
  ) {
    files[name] = "";
  }
  files["empty/"] = "";
  await writeTree(root, files);
}

/**
 * What clients before 23 read in another way: exceptions below excluded folders,
 * characters of regexps that they did not escape, `**` beside other letters.
 */
const CHANGED_REGEXP = /!|[()+$^{}|[\]\\]|\*\*[^/\n\r]|[^/\n!]\*\*/;

/** What docker's client can't send in gRPC's metadata, and the engine asks for there. */
const UNSENT_REGEXP = /[\t]/;

/** Paths that docker's client sends, sorted; undefined if it refuses. */
async function byDocker(
  context: EngineContext,
  root: string,
  dockerfile: string,
): Promise<string[] | undefined> {
  const { success, stdout, stderr } = await tryDockerBuild(context, root, [
    "-f",
    dockerfile,
    "-o",
    "-",
    "--no-cache",
  ]);
  if (success) {
    return [...tarEntries(stdout)].map(({ path }) => path.replace(/\/$/, ""))
      .sort();
  }
  assert(/pattern|exclusion|dockerignore/.test(stderr), stderr);
  return undefined;
}

function byDavit(root: string, ignore: string): string[] | undefined {
  try {
    const filter = new ContextFilter({
      exclude: parseIgnoreFile(encoder.encode(ignore)),
    });
    return [...walkContext(root, filter)].map(({ path }) => path).sort();
  } catch (error) {
    if (error instanceof ContextError) return undefined;
    throw error;
  }
}

engineTest(
  "ignore files leave of a folder what docker's client leaves",
  async (context) => {
    await withTempFolder(async (folder) => {
      const root = `${folder}/tree`;
      await makeTree(root);
      const cases = ignoreFiles((ignore) =>
        !UNSENT_REGEXP.test(ignore) &&
        (isRecent(context) || !CHANGED_REGEXP.test(ignore))
      );
      const different: unknown[] = [];
      let next = 0;
      const work = async () => {
        for (let at = next++; at < cases.length; at = next++) {
          const ignore = cases[at]!;
          const dockerfile = `${folder}/Dockerfile-${at}`;
          await Deno.writeTextFile(dockerfile, "FROM scratch\nCOPY . /\n");
          await Deno.writeTextFile(`${dockerfile}.dockerignore`, ignore);
          const docker = await byDocker(context, root, dockerfile);
          const davit = byDavit(root, ignore);
          if (JSON.stringify(docker) === JSON.stringify(davit)) continue;
          different.push({
            ignore,
            missing: docker?.filter((path) =>
              !davit?.includes(path)
            ).slice(0, 5) ?? "refused",
            extra: davit?.filter((path) =>
              !docker?.includes(path)
            ).slice(0, 5) ?? "refused",
          });
        }
      };
      await Promise.all([work(), work(), work()]);
      assertEquals(different, []);
    });
  },
);
