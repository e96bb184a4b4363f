const PAGE = new URL("../../examples/cli/README.md", import.meta.url);

/** The rows of a table under a heading, each as its cells. */
async function rows(heading: string): Promise<string[][]> {
  const page = await Deno.readTextFile(PAGE);
  const from = page.indexOf(`\n### ${heading}\n`);
  const section = page.slice(from + 1).split(/\n#{2,3} /)[0]!;
  return section.split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** The name of a flag in a cell. */
function nameIn(cell: string): string {
  return /^`--([a-z-]+)`$/.exec(cell)![1]!;
}

/** What the page says of each flag of buildx: `same`, `different`, `not yet`. */
export async function flagTable(): Promise<ReadonlyMap<string, string>> {
  const table = await rows("Every flag of buildx");
  return new Map(table.map(([flag, state]) => [nameIn(flag!), state!]));
}

/** The flags that the page says are davit's own. */
export async function ownFlags(): Promise<string[]> {
  return (await rows("davit's own flags")).map(([flag]) => nameIn(flag!));
}
