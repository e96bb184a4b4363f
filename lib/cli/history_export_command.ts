import type { CommandContext } from "./command.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import { openClient } from "./open_client.ts";

/** Runs `davit history export`. */
export async function runHistoryExport(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const all = parsed.switched("all");
  if (all && parsed.words.length > 0) {
    throw new UsageError("cannot specify refs when using --all");
  }
  const output = parsed.text("output");
  if (output === undefined && Deno.stdout.isTerminal()) {
    throw new UsageError(
      "refusing to write to console, use --output to specify a file",
    );
  }
  await using docker = await openClient(parsed);
  const history = docker.buildHistory();
  const refs = all
    ? (await history.list({ filters: ["status!=running"], signal }))
      .map(({ ref }) => ref)
    : parsed.words;
  await history.export(refs, {
    dest: output ?? Deno.stdout.writable,
    finalize: parsed.switched("finalize"),
    signal,
  });
  return EXIT_OK;
}
