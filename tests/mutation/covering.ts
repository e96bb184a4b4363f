/** What a module names: what it imports, and what it runs as a program. */
const PATH_REGEXP =
  /["`](?:\$\{import\.meta\.dirname\}\/)?(\.{1,2}\/[^"`$]+\.ts)["`]/g;

/** The tests of one file of `lib/`, the quick ones first. */
export interface CoveringTests {
  /** Without an engine. */
  readonly unit: readonly string[];
  /** With one. */
  readonly engine: readonly string[];
}

/** How far a test may be from a file, in imports, if it lies in another room. */
const NEAR = 2;

/** What is loaded by `mod.ts` alone. */
const FAR = 1000;

/** How many of the nearest are taken, where no test is near. */
const MOST_FAR = 5;

/**
 * Which tests are about which files: those of the same room that load the file,
 * however, and those of other rooms that import it themselves or by one file
 * between; where there are none, the nearest of all.
 */
export class Coverage {
  readonly #root: string;
  /** By test: how many imports lead to each file of `lib/`. */
  readonly #distances: ReadonlyMap<string, ReadonlyMap<string, number>>;

  private constructor(
    root: string,
    distances: ReadonlyMap<string, ReadonlyMap<string, number>>,
  ) {
    this.#root = root;
    this.#distances = distances;
  }

  /** Reads the imports of a checkout. */
  static async read(root: string): Promise<Coverage> {
    const imports = new Map<string, Promise<string[]>>();
    const importsOf = (path: string): Promise<string[]> => {
      const known = imports.get(path) ?? readImports(path);
      imports.set(path, known);
      return known;
    };
    const distances = new Map<string, Map<string, number>>();
    for await (const test of findFiles(`${root}/tests`, /_test\.ts$/)) {
      const reached = new Map<string, number>();
      const entry = `${root}/mod.ts`;
      // What is loaded with the package's entry is loaded, and no more than that.
      for (const [start, from] of [[test, 0], [entry, FAR]] as const) {
        if (start === entry && !reached.has(entry)) continue;
        const round = new Map<string, number>([[start, from]]);
        for (const [path, distance] of round) {
          if (path === entry && start !== entry) continue;
          for (const next of await importsOf(path)) {
            if (!round.has(next)) round.set(next, distance + 1);
          }
        }
        for (const [path, distance] of round) {
          if (!reached.has(path) || path === entry) reached.set(path, distance);
        }
      }
      distances.set(test, reached);
    }
    return new Coverage(root, distances);
  }

  /** The tests of a file, such as `lib/http2/stream.ts`. */
  testsOf(file: string): CoveringTests {
    const room = file.split("/")[1]!;
    const path = `${this.#root}/${file}`;
    const reaching = [...this.#distances].flatMap(([test, reached]) => {
      const distance = reached.get(path);
      return distance === undefined ? [] : [{ test, distance }];
    }).sort((a, b) => a.distance - b.distance);
    const near = reaching.filter(({ test, distance }) =>
      test.startsWith(`${this.#root}/tests/${room}/`) || distance <= NEAR
    );
    const tests = (near.length > 0 ? near : reaching.slice(0, MOST_FAR))
      .map(({ test }) => test.slice(this.#root.length + 1));
    const needsEngine = (test: string) => /_engine_test\.ts$/.test(test);
    return {
      unit: tests.filter((test) => !needsEngine(test)),
      engine: tests.filter(needsEngine),
    };
  }
}

async function readImports(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(path).catch(() => ""); // types alone
  return [...text.matchAll(PATH_REGEXP)].map(([, named]) =>
    new URL(named!, `file://${path}`).pathname
  );
}

/** Files below a folder whose paths match; hidden folders are left out. */
export async function* findFiles(
  folder: string,
  regexp: RegExp,
): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.startsWith(".")) continue;
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* findFiles(path, regexp);
    else if (regexp.test(path)) yield path;
  }
}
