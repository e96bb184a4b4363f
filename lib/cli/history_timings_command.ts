import { buildTimings } from "../timings/build_timings.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK } from "./exit.ts";
import { findBuild, openMemory } from "./open_memory.ts";
import { TimingsFile } from "./timings_file.ts";

/** Runs `davit history timings`. */
export async function runHistoryTimings(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const file = await TimingsFile.open({
    dest: parsed.text("output") ?? "-",
    against: parsed.text("against"),
    title: undefined,
  });
  await using memory = await openMemory(parsed, signal);
  const found = await findBuild(memory, parsed.words[0], { signal });
  const log = await found.history.logs(found.ref, { signal });
  const { name } = await found.history.inspect(found.ref, { signal });
  await file.writeTimings(await buildTimings(log), true, name || found.ref);
  return EXIT_OK;
}
