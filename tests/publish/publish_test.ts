import { readLinks } from "../docs/links.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { publishToJsr } from "./jsr.ts";

/** What a module imports, in whatever way; types that it names are among it. */
const IMPORT_REGEXP =
  /^(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*"([^"]+)"|@ts-types="([^"]+)"|\bimport\(\s*(?:"([^"]+)"|([^")]*))/gm;

/** A package of npm with its whole version. */
const NPM_REGEXP = /^npm:\/?(?:@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(?:\/|$)/;

/** The code of a module without its comments, which hold examples. */
function codeOf(text: string): string {
  return text.replace(/^\s*\/\*\*[\s\S]*?\*\//gm, "");
}

/** The imports of a package's files that lead to nothing that is published. */
function lostImports(
  files: ReadonlyMap<string, string>,
): string[] {
  const lost: string[] = [];
  for (const [path, text] of files) {
    if (!path.endsWith(".ts")) continue;
    for (
      const [, from, types, later, computed] of codeOf(text).matchAll(
        IMPORT_REGEXP,
      )
    ) {
      const target = from ?? types ?? later ?? computed!;
      const found = target.startsWith(".")
        ? files.has(new URL(target, `file:///${path}`).pathname.slice(1))
        : target.startsWith("node:") || NPM_REGEXP.test(target);
      if (!found) lost.push(`${path} -> ${target}`);
    }
  }
  return lost;
}

Deno.test("lostImports() finds what a package imports and does not have", () => {
  const lost = (text: string) =>
    lostImports(new Map([["lib/a.ts", text], ["mod.ts", ""]]));
  for (
    const found of [
      'import { a } from "../mod.ts";',
      'export * from "./a.ts";',
      'import "node:net";',
      'import {\n  a,\n} from "npm:deno-std@1.4.0/csv/parse.js";',
      'const { a } = await import("npm:@scope/name@1.0.0");',
      '/**\n * import { a } from "@davit/build";\n */',
    ]
  ) assertEquals(lost(found), [], found);
  for (
    const missing of [
      'import { a } from "../tests/a.ts";',
      'import type { a } from "./b.ts";',
      'export * from "./b.ts";',
      'import "@std/csv/parse";',
      'import "npm:deno-std/csv/parse.js";',
      'import "npm:deno-std@^1.4.0/csv/parse.js";',
      'import "https://example.com/a.ts";',
      'const a = await import("../tests/a.ts");',
      "const a = await import(`./${b}.ts`);",
      '// @ts-types="../std/b.d.ts"',
    ]
  ) assertEquals(lost(missing).length, 1, missing);
});

Deno.test("what is published has all that it imports and that JSR gives points for, and no more", async () => {
  await using jsr = await publishToJsr();
  const { output } = jsr;
  const files = new Map(
    [...jsr.files].map(([path, content]) =>
      [path, new TextDecoder().decode(content)] as const
    ),
  );
  // The one import whose path nobody sees; its files are found by their types.
  assertEquals(lostImports(files), ["lib/cli/load_module.ts -> path"]);
  assertEquals(output.match(/warn/gi)?.length, 1, output);
  assert(output.includes("lib/cli/load_module.ts"), output);
  assert(output.includes("slow types"), output); // they were looked for
  assertEquals(
    [...files.keys()].filter((path) =>
      !/^(?:mod\.ts|LICENSE|deno\.json|lib\/.*|.*\.md|examples\/.*\.svg)$/
        .test(path)
    ),
    [],
  );
  // JSR shows the README, and what it leads to.
  for (
    const { where, path } of readLinks("README.md", files.get("README.md")!)
  ) {
    assert(
      files.has(path),
      `${where} leads to ${path}, which is not published`,
    );
  }
  for (const path of ["README.md", "CHANGELOG.md", "LICENSE"]) {
    assert(files.has(path), `${path} is not published`);
  }
  assert(files.get("README.md")!.includes("\n```ts\n"));
  const { exports, tasks } = JSON.parse(files.get("deno.json")!);
  for (const path of Object.values<string>(exports)) {
    assert(tasks.docs.includes(` ${path.slice(2)} `), `${path} is not linted`);
    const [comment = ""] =
      /^\/\*\*[\s\S]*?\*\//.exec(files.get(path.slice(2))!) ?? [];
    assert(comment.includes("@module"), `${path} has no comment of its own`);
    const lead = comment.slice(0, comment.indexOf("```")).split("\n");
    assert(lead.length < 8, `${path} does not begin with an example`);
  }
});
