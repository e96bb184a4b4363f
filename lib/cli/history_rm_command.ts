import type { CommandContext } from "./command.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import { findBuild, openMemory } from "./open_memory.ts";

/** Runs `davit history rm`. */
export async function runHistoryRm(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const { words } = parsed;
  const all = parsed.switched("all");
  if (words.length === 0 && !all) {
    throw new UsageError("rm requires at least one argument");
  }
  if (words.length > 0 && all) {
    throw new UsageError("rm requires either --all or at least one argument");
  }
  // It would be the newest: a variable of the shell that was never set.
  if (words.includes("")) {
    throw new UsageError('a build\'s id is empty; "^0" is the newest build');
  }
  await using memory = await openMemory(parsed, signal);
  if (all) {
    for (const { client } of memory.nodes) {
      await client.buildHistory().removeAll({ signal });
    }
    return EXIT_OK;
  }
  const [only] = memory.nodes;
  if (memory.nodes.length === 1) {
    await only!.client.buildHistory().remove(words, { signal });
    return EXIT_OK;
  }
  // All are looked for before the first one is removed.
  const builds = [];
  for (const word of words) {
    builds.push(await findBuild(memory, word, { signal }));
  }
  for (const { history, ref } of builds) {
    await history.remove([ref!], { signal });
  }
  return EXIT_OK;
}
