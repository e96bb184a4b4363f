import type { CommandContext } from "./command.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import { openClient } from "./open_client.ts";

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
  await using docker = await openClient(parsed);
  const history = docker.buildHistory();
  await (all
    ? history.removeAll({ signal })
    : history.remove(words, { signal }));
  return EXIT_OK;
}
