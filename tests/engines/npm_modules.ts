import { readTextIfThere, runCommand } from "./command.ts";
import { CACHE } from "./kept_folder.ts";

/**
 * Installs packages for a peer of the tests by npm, apart from the project's own
 * imports: what deno.json or the lock file names is loaded by everybody who runs
 * anything here.
 *
 * Processes that want the same ones at the same time wait for the first; what is
 * installed is left as it is, since another may use it.
 *
 * @param name Of the folder in the cache.
 * @returns The folder, with its `node_modules`.
 */
export async function npmModules(
  name: string,
  packages: readonly string[],
): Promise<string> {
  const folder = `${CACHE}/${name}`;
  await Deno.mkdir(folder, { recursive: true });
  // The system drops this lock with the process.
  using lock = await Deno.open(`${folder}.lock`, { create: true, write: true });
  await lock.lock(true);
  const stamp = `${folder}/installed.json`;
  const wanted = JSON.stringify(packages);
  if (await readTextIfThere(stamp) === wanted) return folder;
  await Deno.writeTextFile(`${folder}/package.json`, "{}");
  await runCommand("npm", [
    "install",
    "--silent",
    "--no-audit",
    "--no-fund",
    ...packages,
  ], { cwd: folder });
  await Deno.writeTextFile(stamp, wanted);
  return folder;
}
