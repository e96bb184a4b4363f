import { downloadPackages, USE_YOUR_OWN } from "./apt.ts";
import { listFolder, runCommand, tryCommand } from "./command.ts";
import { type KeptFolder, keptFolder } from "./kept_folder.ts";

/** Which programs to take out of which packages. */
export interface Recipe {
  /** Debian's code name of the release. */
  readonly suite: string;
  readonly packages: readonly string[];
  /** Paths in the packages; beside these only shared libraries are kept. */
  readonly programs: readonly string[];
}

/** A folder with the programs of a recipe at their paths and libraries in `lib`. */
export type Unpacked = KeptFolder;

/**
 * The folder of a recipe, made if it is not there or was made by another recipe.
 *
 * @throws {Error} If the packages cannot be had, or not used, on this machine.
 */
export async function unpacked(
  name: string,
  recipe: Recipe,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Unpacked> {
  return await keptFolder(name, JSON.stringify(recipe), {
    ...options,
    fill: (kept, work) => unpackInto(kept, work, recipe, options.signal),
  });
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
  return packages;
}

/** Folders of private libraries below the architecture's, which the public ones need. */
const PRIVATE = ["pulseaudio"];

/** Moves shared libraries out of the architecture's folders into one. */
async function moveLibraries(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for (const base of ["lib", "usr/lib"]) {
    for (const architecture of await listFolder(`${from}/${base}`)) {
      for (const inner of ["", ...PRIVATE]) {
        const folder = `${from}/${base}/${architecture}/${inner}`;
        for (const name of await listFolder(folder)) {
          if (!/\.so(\.|$)/.test(name)) continue;
          await Deno.rename(`${folder}/${name}`, `${to}/${name}`);
        }
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
