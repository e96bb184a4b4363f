import { configFolder } from "./docker_config.ts";
import type { Environment } from "./environment.ts";

/** Names that docker's command accepts for a context. */
const NAME_REGEXP = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/;

/**
 * The names of the contexts of docker's command, `default` first. A context
 * whose file can't be read is left out.
 */
export async function contextNames(
  env: Environment = Deno.env,
): Promise<string[]> {
  const names: string[] = [];
  try {
    const folder = `${configFolder(env)}/contexts/meta`;
    for await (const { name: digest } of Deno.readDir(folder)) {
      const name = await nameIn(`${folder}/${digest}/meta.json`);
      if (name !== undefined) names.push(name);
    }
  } catch (error) {
    const isNone = error instanceof Deno.errors.NotFound ||
      error instanceof TypeError; // a system service may have no home folder
    if (!isNone) throw error;
  }
  return ["default", ...names.sort()];
}

async function nameIn(path: string): Promise<string | undefined> {
  try {
    const name = JSON.parse(await Deno.readTextFile(path))?.Name;
    return typeof name === "string" && NAME_REGEXP.test(name)
      ? name
      : undefined;
  } catch {
    return undefined; // a context that can't be read can't be used
  }
}
