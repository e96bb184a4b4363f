import type { CommandContext } from "./command.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import { findBuild, openMemory } from "./open_memory.ts";

/** Runs `davit history inspect attachment`. */
export async function runHistoryAttachment(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const [ref, digest] = parsed.words;
  const platform = parsed.text("platform");
  const type = parsed.text("type");
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw new UsageError(`invalid digest ${JSON.stringify(digest)}`);
  }
  if (digest === undefined && platform === undefined && type === undefined) {
    throw new UsageError(
      "at least one of --type, --platform or DIGEST must be specified",
    );
  }
  await using memory = await openMemory(parsed, signal);
  const found = await findBuild(memory, ref, { signal });
  const bytes = await found.history.attachment(found.ref, {
    digest,
    platform,
    type,
    signal,
  });
  await bytes.pipeTo(Deno.stdout.writable, { preventClose: true });
  return EXIT_OK;
}
