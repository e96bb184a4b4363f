import { runCommand } from "./command.ts";
import { CACHE } from "./unpack.ts";

/**
 * Installs packages for a peer of the tests by npm, apart from the project's own
 * imports: what deno.json or the lock file names is loaded by everybody who runs
 * anything here.
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
  await Deno.writeTextFile(`${folder}/package.json`, "{}");
  await runCommand("npm", [
    "install",
    "--silent",
    "--no-audit",
    "--no-fund",
    ...packages,
  ], { cwd: folder });
  return folder;
}
