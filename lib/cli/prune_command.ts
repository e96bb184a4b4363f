import { parseBytes } from "./bytes_flag.ts";
import type { CommandContext } from "./command.ts";
import { openClient } from "./open_client.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import { print } from "./print.ts";

/** Runs `davit prune`. */
export async function runPrune(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const filters: Record<string, string[]> = {};
  for (const word of parsed.list("filter")) {
    const cut = word.indexOf("=");
    if (cut < 1) {
      throw new UsageError(
        `invalid argument ${
          JSON.stringify(word)
        } for "--filter": expected KEY=VALUE`,
      );
    }
    (filters[word.slice(0, cut)] ??= []).push(word.slice(cut + 1));
  }
  const keep = parsed.text("keep-storage");
  const reservedSpace = keep === undefined
    ? undefined
    : parseBytes("--keep-storage", keep);
  await using docker = await openClient(parsed);
  const { CachesDeleted, SpaceReclaimed = 0 } = await docker.buildPrune({
    all: parsed.switched("all"),
    filters,
    signal,
    ...(reservedSpace === undefined ? {} : { reservedSpace }),
  });
  print(
    `${CachesDeleted?.length ?? 0} records deleted, ${
      (SpaceReclaimed / 1e6).toFixed(1)
    } MB freed`,
  );
  return EXIT_OK;
}
