import type { BuildClient } from "../client/build_client.ts";
import { DockerClient } from "../client/docker_client.ts";
import { printable } from "../display/printable.ts";
import { UnsupportedError } from "../errors.ts";
import type { BuildCacheRecord } from "../history/cache_record.ts";
import type { BuildPruneRecordsOptions } from "../history/prune.ts";
import { parseBytes } from "./bytes_flag.ts";
import { cacheFilterFlag } from "./cache_filter_flag.ts";
import { goTime } from "../gotext/time.ts";
import { lastUsed, starredId, starredSize } from "./cache_rows.ts";
import type { CommandContext } from "./command.ts";
import { confirm } from "./confirm.ts";
import { EXIT_OK } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import { humanSize } from "../gotext/units.ts";
import { openMemory } from "./open_memory.ts";
import { print, printText } from "./print.ts";
import { LIST, tabText } from "../gotext/tabwriter.ts";

/** Runs `davit prune`. */
export async function runPrune(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const all = parsed.switched("all");
  const kept = sizeFlag(parsed, "keep-storage");
  if (kept !== undefined) {
    print(
      "Flag --keep-storage has been deprecated, keep-storage flag has been changed to reserved-space",
      Deno.stderr,
    );
  }
  const options: BuildPruneRecordsOptions = {
    all,
    filters: cacheFilterFlag("prune", parsed.list("filter")),
    reservedSpace: sizeFlag(parsed, "reserved-space") ?? kept,
    maxUsedSpace: sizeFlag(parsed, "max-used-space"),
    minFreeSpace: sizeFlag(parsed, "min-free-space"),
    signal,
  };
  const warning = `WARNING! This will remove all ${
    all ? "" : "dangling "
  }build cache. Are you sure you want to continue?`;
  if (!parsed.switched("force") && !await confirm(warning, signal)) {
    return EXIT_OK;
  }
  await using memory = await openMemory(parsed, signal);
  const tell = recordPrinter(parsed.switched("verbose"));
  let total = 0;
  for (const { client } of memory.nodes) {
    total += await pruneEach(client, options, tell);
  }
  printText(tabText(`Total:\t${humanSize(total)}\n`, LIST));
  return EXIT_OK;
}

function sizeFlag(parsed: ParsedWords, name: string): number | undefined {
  const text = parsed.text(name);
  return text === undefined ? undefined : parseBytes(`--${name}`, text);
}

/** Prints records as they are deleted, the first one below a head. */
function recordPrinter(
  isVerbose: boolean,
): (record: BuildCacheRecord) => void {
  let head = "ID\tRECLAIMABLE\tSIZE\tLAST ACCESSED\n";
  return (record) => {
    const now = Date.now();
    const text = isVerbose
      ? verboseText(record, now)
      : `${head}${rowOf(record, now)}`;
    head = "";
    printText(tabText(text, LIST));
  };
}

/**
 * Deletes, and tells of each record once it is deleted; where BuildKit's own API
 * of an engine can't be reached, by the Engine API.
 *
 * @returns How many bytes were freed.
 */
async function pruneEach(
  client: BuildClient,
  options: BuildPruneRecordsOptions,
  tell: (record: BuildCacheRecord) => void,
): Promise<number> {
  let total = 0;
  try {
    for await (const record of client.buildPruneRecords(options)) {
      total += record.size;
      tell(record);
    }
    return total;
  } catch (error) {
    const isWithout = error instanceof UnsupportedError &&
      error.feature === WHAT; // nothing was deleted then
    if (!isWithout || !(client instanceof DockerClient)) throw error;
    return await pruneAtOnce(client, options);
  }
}

/** The feature that is missing where only the Engine API can be reached. */
const WHAT = "The build cache";

/** Deletes by the Engine API, which tells at the end what was deleted. */
async function pruneAtOnce(
  docker: DockerClient,
  options: BuildPruneRecordsOptions,
): Promise<number> {
  const { CachesDeleted, SpaceReclaimed = 0 } = await docker.buildPrune(
    options,
  );
  for (const id of CachesDeleted ?? []) printText(`${id}\n`);
  return SpaceReclaimed;
}

function rowOf(record: BuildCacheRecord, now: number): string {
  const cells = [
    starredId(record).padEnd(40),
    String(record.reclaimable).padEnd(5),
    starredSize(record).padEnd(10),
    lastUsed(record, now),
  ];
  return `${cells.join("\t")}\n`;
}

function verboseText(record: BuildCacheRecord, now: number): string {
  const { id, parents, mutable, reclaimable, shared, size } = record;
  const lines: [name: string, value: unknown][] = [
    ["ID", id],
    ...optional("Parent", parents.join(",")),
    ["Created at", goTime(record.createdAt)],
    ["Mutable", mutable],
    ["Reclaimable", reclaimable],
    ["Shared", shared],
    ["Size", humanSize(size)],
    ...optional("Description", printable(record.description)),
    ["Usage count", record.usageCount],
    ...optional("Last used", lastUsed(record, now)),
    ...optional("Type", record.type),
  ];
  return `${lines.map(([name, value]) => `${name}:\t${value}\n`).join("")}\n`;
}

function optional(name: string, value: string): [string, string][] {
  return value === "" ? [] : [[name, value]];
}
