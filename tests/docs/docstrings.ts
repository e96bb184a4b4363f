import type { Block } from "./blocks.ts";

const ROOT = new URL("../../", import.meta.url);

/** Examples that are type-checked and not run, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "Builder.fromNodes(": "machines by ssh have tests of their own",
  "openBuilder(": "builders of buildx have tests of their own",
  "serveGateway(": "it goes on for ever; its page is run",
  "buildHistory(": "it would read the records of other tests' builds",
};

/**
 * The examples in the comments of a file: its blocks of TypeScript.
 *
 * @throws {SyntaxError} If one does not import the package by its name, as
 * whoever copies it has to, or is marked as not to be checked.
 */
export function readExamples(path: string, text: string): Block[] {
  const examples: Block[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const language = /^\s*\* ```(ts\b.*)$/.exec(lines[at]!)?.[1];
    if (language === undefined) continue;
    const where = `${path}:${at + 1}`;
    const end = lines.findIndex((line, i) => i > at && /\* ```$/.test(line));
    const example = lines.slice(at + 1, end)
      .map((line) => line.replace(/^\s*\* ?/, "").replaceAll("*\\/", "*/"))
      .join("\n");
    if (language !== "ts" || !example.includes('from "@davit/build')) {
      throw new SyntaxError(
        `${where}: an example is a whole program, which is checked: it imports what it uses from "@davit/build"`,
      );
    }
    const why = Object.entries(NOT_RUN).find(([call]) => example.includes(call))
      ?.[1];
    examples.push({
      where,
      language: "ts",
      text: `${example}\n`,
      fate: why === undefined ? { kind: "run" } : { kind: "skip", why },
    });
    at = end;
  }
  return examples;
}

/** The examples in the comments of the published code. */
export async function docstrings(): Promise<Block[]> {
  const paths = ["mod.ts"];
  const walk = async (folder: string) => {
    for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
      if (entry.isDirectory) await walk(`${folder}${entry.name}/`);
      else if (/(?<!\.d)\.ts$/.test(entry.name)) {
        paths.push(folder + entry.name);
      }
    }
  };
  await walk("lib/");
  const examples = await Promise.all(
    paths.sort().map(async (path) =>
      readExamples(path, await Deno.readTextFile(new URL(path, ROOT)))
    ),
  );
  return examples.flat();
}
