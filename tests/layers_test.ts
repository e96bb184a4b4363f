import { isPictured, MAY_IMPORT, nearestOf, rowOf } from "./layers.ts";
import { assertEquals } from "./support/assert.ts";

const LIB = new URL("../lib/", import.meta.url);
/** An import of a file, of its types, or with its first use. */
const IMPORT_REGEXP =
  /^(?:import|export)\b(?:[^;"]*?\bfrom)?\s*"(\.[^"]+)"|@ts-types="(\.[^"]+)"|import\(\s*"(\.[^"]+)"\s*\)/gm;
/** An import with its first use, that Deno sees before. */
const DYNAMIC_REGEXP = /(?<!typeof )\bimport\(\s*"([^"]+)"/g;
/** What is loaded with a module, types not among it. */
const STATIC_REGEXP =
  /^(?:import|export)\b(?! type\b)(?:[^;"]*?\bfrom)?\s*"([^"]+)"/gm;

async function* sources(folder: URL, under = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = under + entry.name;
    if (entry.isDirectory) {
      yield* sources(new URL(`${entry.name}/`, folder), `${path}/`);
    } else if (path.endsWith(".ts")) {
      yield path;
    }
  }
}

/** The files of lib/ that each of them imports, in whatever way. */
async function importGraph(): Promise<Map<string, string[]>> {
  const graph = new Map<string, string[]>();
  for await (const path of sources(LIB)) {
    const text = await Deno.readTextFile(new URL(path, LIB));
    const targets = [...text.matchAll(IMPORT_REGEXP)].map(
      ([, from, types, later]) => {
        const { href } = new URL((from ?? types ?? later)!, new URL(path, LIB));
        return href.startsWith(LIB.href)
          ? href.slice(LIB.href.length)
          : "outside of lib/";
      },
    );
    graph.set(path, targets);
  }
  return graph;
}

/** Nodes that lead to each other: Tarjan's strongly connected components. */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const numbers = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[] = [];
  const visit = (node: string): number => {
    numbers.set(node, numbers.size);
    lowest.set(node, numbers.size - 1);
    open.push(node);
    const targets = graph.get(node) ?? [];
    for (const target of targets) {
      const reached = !numbers.has(target)
        ? visit(target)
        : open.includes(target)
        ? numbers.get(target)!
        : Infinity;
      lowest.set(node, Math.min(lowest.get(node)!, reached));
    }
    if (lowest.get(node) === numbers.get(node)) {
      const circle = open.splice(open.indexOf(node));
      if (circle.length > 1 || targets.includes(node)) {
        circles.push(circle.sort().join(" "));
      }
    }
    return lowest.get(node)!;
  };
  for (const node of graph.keys()) if (!numbers.has(node)) visit(node);
  return circles.sort();
}

Deno.test("rooms of lib/ import each other in one direction", async () => {
  const wrong: string[] = [];
  const unused = new Set(
    Object.entries(MAY_IMPORT).flatMap(([room, others]) =>
      others.map((other) => `${room} -> ${other}`)
    ),
  );
  for (const [path, targets] of await importGraph()) {
    const room = path.split("/")[0]!;
    const allowed = MAY_IMPORT[room];
    if (allowed === undefined) wrong.push(`${path}: an unknown room`);
    for (const target of targets) {
      const other = target.split("/")[0]!;
      unused.delete(`${room} -> ${other}`);
      if (other !== room && !allowed?.includes(other)) {
        wrong.push(`${path} -> ${other}`);
      }
    }
  }
  assertEquals(wrong, []);
  assertEquals([...unused], [], "arrows that nobody needs");
});

Deno.test("no file of lib/ imports one that imports it, in whatever way or by whatever others", async () => {
  assertEquals(circlesOf(await importGraph()), []);
});

Deno.test("a circle of files is found, and nothing else is one", () => {
  const graph = (...arrows: string[]) => {
    const targets = new Map<string, string[]>();
    for (const [from, , to] of arrows.map((arrow) => [...arrow])) {
      targets.set(from!, [...targets.get(from!) ?? [], to!]);
      targets.set(to!, targets.get(to!) ?? []);
    }
    return targets;
  };
  assertEquals(circlesOf(graph("a>b", "b>c", "a>c", "d>c")), []);
  assertEquals(circlesOf(graph("a>b", "b>c", "c>a", "c>d")), ["a b c"]);
  assertEquals(circlesOf(graph("a>a", "b>a", "b>c", "c>b")), ["a", "b c"]);
});

/** The files and packages that Deno reads before a program starts. */
async function filesRead(
  starts: string | readonly string[],
  regexps: readonly RegExp[],
): Promise<{ files: string[]; others: string[] }> {
  const files = new Set<string>();
  const others: string[] = [];
  const follow = async (url: URL): Promise<void> => {
    if (files.has(url.href)) return;
    files.add(url.href);
    if (!url.pathname.endsWith(".ts")) return;
    const text = await Deno.readTextFile(url);
    for (const regexp of regexps) {
      for (const [, target] of text.matchAll(regexp)) {
        if (target!.startsWith(".")) await follow(new URL(target!, url));
        else others.push(`${url.href.replace(LIB.href, "")} -> ${target}`);
      }
    }
  };
  for (const start of [starts].flat()) await follow(new URL(start, LIB));
  return { files: [...files], others };
}

Deno.test("what a program loads with a client holds nothing of node, which takes longer than all else", async () => {
  const { files, others } = await filesRead("../mod.ts", [STATIC_REGEXP]);
  assertEquals(files.length > 100, true, "imports are not read any more");
  assertEquals(others.filter((other) => other.includes("-> node:")), []);
});

Deno.test("davit --version and --help read few files, and no package", async () => {
  // Deno reads the files of import("…"), too, before it starts the program.
  const regexps = [STATIC_REGEXP, DYNAMIC_REGEXP];
  const { files, others } = await filesRead("cli/main.ts", regexps);
  assertEquals(others, []);
  const names = files.map((file) => file.replace(LIB.href, ""));
  assertEquals(names.includes("cli/load_module.ts"), true);
  assertEquals(names.length <= 24, true, `${names.length}: ${names}`);
});

Deno.test("davit build loads few files before it asks the engine, and behind that no others than a build's own", async () => {
  const first = await filesRead(
    ["cli/main.ts", "cli/build_command.ts"],
    [STATIC_REGEXP],
  );
  const names = first.files.map((file) => file.replace(LIB.href, ""));
  const then = await filesRead(
    [...names, "imagebuild/run.ts", "session/filesync.ts", "display/plain.ts"],
    [STATIC_REGEXP],
  );
  for (
    const [{ files, others }, most] of [[first, 122], [then, 232]] as const
  ) {
    assertEquals(files.length <= most, true, `${files.length}: ${files}`);
    assertEquals(others.filter((other) => other.includes("-> node:")), []);
  }
  assertEquals(names.includes("imagebuild/run.ts"), false, names.join());
});

Deno.test("a file of the command is loaded by the path that its type has", async () => {
  const loaded = new Set<string>();
  for await (const path of sources(LIB)) {
    if (path === "cli/load_module.ts") continue;
    const text = await Deno.readTextFile(new URL(path, LIB));
    for (const [call] of text.matchAll(/\bloadModule[<(][^;]*?\)(?!\s*>)/g)) {
      const [, type, value] =
        /^loadModule<\s*typeof import\(\s*"([^"]+)",?\s*\)\s*>\(\s*"([^"]+)",?\s*\)$/
          .exec(call) ?? [];
      assertEquals([path.split("/").length, type], [2, value], call);
      await Deno.stat(new URL(value!, new URL(path, LIB)));
      loaded.add(value!);
    }
  }
  assertEquals(loaded.size > 40, true, "calls are not found any more");
  // The program of one file has just these.
  const standalone = await Deno.readTextFile(
    new URL("cli/standalone.ts", LIB),
  );
  const given = [
    ...standalone.matchAll(/"([^"]+)":\s*\(\) =>\s*import\("([^"]+)"\)/g),
  ];
  for (const [, path, imported] of given) assertEquals(imported, path);
  assertEquals(
    given.map(([, path]) => path!).toSorted(),
    [...loaded].toSorted(),
  );
});

/** The names that an entry of the package gives, and what it does besides. */
async function readEntry(
  path: string,
  statement: RegExp,
): Promise<{ names: string[]; wrong: string[] }> {
  const text = await Deno.readTextFile(new URL(path, import.meta.url));
  const statements = text.replace(/\/\*[\s\S]*?\*\//g, "").split(";")
    .map((part) => part.trim()).filter(Boolean);
  return {
    names: statements.flatMap((part) =>
      part.slice(part.indexOf("{") + 1, part.indexOf("}")).split(",")
    ).map((name) => name.trim().replace(/^(?:type |.* as )/, ""))
      .filter(Boolean),
    wrong: statements.filter((part) => !statement.test(part)),
  };
}

Deno.test("mod.ts and lib/types.ts only re-export: nothing of a protocol, no name twice, and what only constructors take not at the front", async () => {
  const [front, types] = await Promise.all([
    readEntry(
      "../mod.ts",
      /^export (type )?\{[^}]*\} from "\.\/lib\/(?!proto|grpc|http2|types)[^"]+"$/,
    ),
    readEntry(
      "../lib/types.ts",
      /^export type \{[^}]*\} from "\.\/(?!proto|grpc|http2)[^"]+"$/,
    ),
  ]);
  assertEquals([...front.wrong, ...types.wrong], []);
  const names = [...front.names, ...types.names];
  assertEquals(names.filter((name, at) => names.indexOf(name) !== at), []);
  assertEquals(front.names.filter((name) => name.endsWith("Init")), []);
  assertEquals(front.names.includes("DockerClient"), true);
  assertEquals(types.names.includes("BuildErrorInit"), true);
});

Deno.test("the picture of lib/README.md is the table of who imports whom", async () => {
  const page = await Deno.readTextFile(new URL("README.md", LIB));
  const table = page.slice(page.indexOf("## The rooms"));
  const rooms = [...table.matchAll(/^\| `([\w.]+?)\/?` +\|/gm)].map(
    ([, room]) => room!,
  );
  const all = Object.keys(MAY_IMPORT).filter(isPictured);
  assertEquals(rooms.toSorted(), all.toSorted());
  const rows = rooms.map(rowOf);
  assertEquals(rows, rows.toSorted((a, b) => b - a), "a room above its own");
  const [, picture] = /```mermaid\n([^`]*)```/.exec(page)!;
  const name = (room: string) => room.replace(".ts", "");
  const arrows = rooms.flatMap((room) =>
    nearestOf(room).map((other) => `  ${name(room)} --> ${name(other)}\n`)
  );
  assertEquals(picture, `graph TD\n${arrows.join("")}`);
});

Deno.test("files that lib/README.md names are there", async () => {
  const page = await Deno.readTextFile(new URL("README.md", LIB));
  for (const [, path] of page.matchAll(/`([\w/]+\/\w+\.ts)`/g)) {
    const root = path!.startsWith("tests/") ? new URL("../", LIB) : LIB;
    await Deno.stat(new URL(path!, root));
  }
});
