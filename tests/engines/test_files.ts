/** The files of tests, by what they need; each as a path from the checkout's root. */
export interface TestFiles {
  /** Those that need an engine. */
  readonly engine: readonly string[];
  /** Those that need none. */
  readonly unit: readonly string[];
  /** Many rounds and loads. */
  readonly stress: readonly string[];
  /** Those of them that measure times: nothing else may run beside them. */
  readonly timed: readonly string[];
}

const TIMED = "tests/stress/gateway_flood_engine_test.ts";

/** The checkout's root. */
export const ROOT: string = new URL("../..", import.meta.url).pathname
  .replace(/\/$/, "");

/** Finds all files of tests, sorted. */
export async function findTestFiles(): Promise<TestFiles> {
  const files: string[] = [];
  const visit = async (folder: string) => {
    for await (const entry of Deno.readDir(`${ROOT}/${folder}`)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory && entry.name !== ".cache") await visit(path);
      else if (path.endsWith("_test.ts")) files.push(path);
    }
  };
  await visit("tests");
  const { timed = [], stress = [], engine = [], unit = [] } = Object.groupBy(
    files.sort(),
    (path) =>
      path === TIMED
        ? "timed"
        : path.startsWith("tests/stress/")
        ? "stress"
        : path.endsWith("_engine_test.ts")
        ? "engine"
        : "unit",
  );
  return { engine, unit, stress, timed };
}

/** Files by their room, the folder below `tests`; those in none together. */
export function byRoom(files: readonly string[]): string[][] {
  const rooms = Object.groupBy(
    files,
    (path) => path.split("/").slice(1, -1)[0] ?? "",
  );
  return Object.values(rooms).map((files) => [...files!]);
}
