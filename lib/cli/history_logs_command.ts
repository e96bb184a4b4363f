import { displayBuild } from "../display/display_build.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import { findBuild, openMemory } from "./open_memory.ts";

const MODES = ["auto", "plain", "tty", "rawjson"] as const;

/** Runs `davit history logs`. */
export async function runHistoryLogs(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const given = parsed.text("progress") ?? "plain";
  const mode = MODES.find((mode) => mode === given);
  if (mode === undefined) {
    throw new UsageError(
      `invalid progress mode ${JSON.stringify(given)}: expected one of ${
        MODES.join(", ")
      }`,
    );
  }
  if (mode === "tty" && !Deno.stderr.isTerminal()) {
    throw new UsageError(
      "--progress=tty needs a terminal: failed to get console",
    );
  }
  await using memory = await openMemory(parsed, signal);
  const found = await findBuild(memory, parsed.words[0], { signal });
  const log = await found.history.logs(found.ref, { signal });
  // A log is printed line by line unless another form is asked for.
  await displayBuild(log, { mode: mode === "auto" ? "plain" : mode });
  return EXIT_OK;
}
