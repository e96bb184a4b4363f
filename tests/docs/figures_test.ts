import { assert, assertEquals } from "../support/assert.ts";

const ROOT = new URL("../../", import.meta.url);

const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

/** The cells of a table's row. */
const cells = (line: string) =>
  line.split("|").slice(1, -1).map((cell) => cell.trim());

/** The parts of a text by their titles, which a mark finds. */
function parts(text: string, mark: RegExp): [title: string, text: string][] {
  const [, ...found] = text.split(mark);
  return found.flatMap((title, at) =>
    at % 2 === 0 ? [[title, found[at + 1]!]] : []
  );
}

/** The times of each client for one kind of build, from a table of measurements. */
function times(table: string, build: string): (string | undefined)[] {
  const rows = table.split("\n").map(cells);
  const column = rows.find(([client]) => client === "client")!
    .indexOf(`${build} s`);
  return ["davit (directory)", "`docker build`", "dockerode"]
    .concat("@docker/node-sdk").map((client) =>
      rows.find(([name]) => name === client)?.[column]?.split(" ")[0]
    );
}

Deno.test("the README's times are those of the page of measurements", async () => {
  const engines = new Map(
    parts(await read("tests/bench/README.md"), /^### Engine (\S+)$/m),
  );
  const rows = (await read("README.md")).split("\n").map(cells)
    .filter(([, engine]) => engines.has(engine!));
  assert(rows.length >= 4, "the README has times of both engines");
  for (const [context, engine, build, ...figures] of rows) {
    const measured = parts(engines.get(engine!)!, /^\*\*\w+: (.*)\*\*$/m)
      .filter(([title]) => title.startsWith(context!))
      .map(([, table]) => times(table, build!));
    assert(
      measured.some((row) => String(row) === String(figures)),
      `${context}, ${engine}, ${build}: README.md has ${figures}, tests/bench/README.md ${
        measured.join(" and ")
      }`,
    );
  }
  assertEquals([...new Set(rows.map(([, engine]) => engine))], [
    ...engines.keys(),
  ]);
});
