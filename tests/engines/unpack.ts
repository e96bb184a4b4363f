import { checkMachine, downloadPackages, USE_YOUR_OWN } from "./apt.ts";
import {
  listFolder,
  readTextIfThere,
  runCommand,
  tryCommand,
} from "./command.ts";
import { delay } from "./process.ts";

/** Which programs to take out of which packages. */
export interface Recipe {
  /** Debian's code name of the release. */
  readonly suite: string;
  readonly packages: readonly string[];
  /** Paths in the packages; beside these only shared libraries are kept. */
  readonly programs: readonly string[];
}

/** A folder with the programs of a recipe at their paths and libraries in `lib`. */
export interface Unpacked {
  readonly folder: string;
  /** The packages it was made from, as `name version`. */
  readonly packages: readonly string[];
}

/** Folder of all that is fetched; it may be removed at any time between runs. */
export const CACHE: string = `${import.meta.dirname}/.cache`;

/**
 * The folder of a recipe, made if it is not there or was made by another recipe.
 *
 * Processes that want the same one at the same time wait for the first.
 *
 * @throws {Error} If the packages cannot be had, or not used, on this machine.
 */
export async function unpacked(
  name: string,
  recipe: Recipe,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Unpacked> {
  const { signal } = options;
  const folder = `${CACHE}/${name}`;
  const present = await readUnpacked(folder, recipe);
  if (present !== undefined) return present;
  await checkMachine();
  await Deno.mkdir(CACHE, { recursive: true });
  // The system drops this lock with the process, so a killed run never leaves it held.
  using lock = await Deno.open(`${folder}.lock`, { create: true, write: true });
  while (!await lock.tryLock(true)) {
    signal?.throwIfAborted();
    await delay(100);
  }
  return await readUnpacked(folder, recipe) ??
    await unpackAside(name, recipe, signal);
}

async function readUnpacked(
  folder: string,
  recipe: Recipe,
): Promise<Unpacked | undefined> {
  const text = await readTextIfThere(`${folder}/unpacked.json`);
  if (text === undefined) return undefined;
  const { recipe: made, packages } = JSON.parse(text);
  return made === JSON.stringify(recipe) ? { folder, packages } : undefined;
}

/** Fills a folder aside and renames it into place, so that it is whole or not there. */
async function unpackAside(
  name: string,
  recipe: Recipe,
  signal: AbortSignal | undefined,
): Promise<Unpacked> {
  const prefix = `${name}.work-`;
  for (const old of await listFolder(CACHE)) {
    // Of a killed run, whose apt may still be at it: what resists goes the next time.
    if (old.startsWith(prefix)) {
      await tryCommand("rm", ["-rf", `${CACHE}/${old}`]);
    }
  }
  const work = await Deno.makeTempDir({ dir: CACHE, prefix });
  try {
    const packages = await unpackInto(`${work}/kept`, work, recipe, signal);
    await runCommand("rm", ["-rf", `${CACHE}/${name}`]);
    await Deno.rename(`${work}/kept`, `${CACHE}/${name}`);
    return { folder: `${CACHE}/${name}`, packages };
  } finally {
    await tryCommand("rm", ["-rf", work]);
  }
}

async function unpackInto(
  kept: string,
  work: string,
  recipe: Recipe,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { suite, programs } = recipe;
  const debs = await downloadPackages(`${work}/apt`, suite, recipe.packages, {
    signal,
  });
  const packages: string[] = [];
  for (const deb of debs) {
    await runCommand("dpkg-deb", ["-x", deb, `${work}/all`], { signal });
    const format = ["--showformat=${Package} ${Version}", "-W", deb];
    packages.push(await runCommand("dpkg-deb", format, { signal }));
  }
  for (const program of programs) {
    const folder = `${kept}/${program}`.replace(/\/[^/]*$/, "");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.rename(`${work}/all/${program}`, `${kept}/${program}`);
  }
  await moveLibraries(`${work}/all`, `${kept}/lib`);
  await checkLibraries(kept, recipe);
  const record = { recipe: JSON.stringify(recipe), packages };
  await Deno.writeTextFile(`${kept}/unpacked.json`, JSON.stringify(record));
  return packages;
}

/** Moves shared libraries out of the architecture's folders into one. */
async function moveLibraries(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for (const base of ["lib", "usr/lib"]) {
    for (const architecture of await listFolder(`${from}/${base}`)) {
      const folder = `${from}/${base}/${architecture}`;
      for (const name of await listFolder(folder)) {
        if (!/\.so(\.|$)/.test(name)) continue;
        await Deno.rename(`${folder}/${name}`, `${to}/${name}`);
      }
    }
  }
}

/** Fails if a library, or the version of one, that a program asks for is not on this machine. */
async function checkLibraries(folder: string, recipe: Recipe): Promise<void> {
  const env = { LD_LIBRARY_PATH: `${folder}/lib` };
  for (const program of recipe.programs) {
    const { stdout, stderr } = await tryCommand(
      "ldd",
      [`${folder}/${program}`],
      { env },
    );
    const missing = `${stdout}\n${stderr}`.match(/^.*not found.*$/m)?.[0];
    if (missing === undefined) continue;
    throw new Error(
      `Cannot use ${program} of ${recipe.suite} on this machine: ${missing.trim()}; ${USE_YOUR_OWN}`,
    );
  }
}
