import { printable } from "../display/printable.ts";
import type { BuildDiskUsage } from "../history/disk_usage.ts";
import type { BuildCacheRecord } from "../history/cache_record.ts";
import { cacheFilterFlag } from "./cache_filter_flag.ts";
import { goTime } from "../gotext/time.ts";
import { lastUsed, starredId, starredSize } from "./cache_rows.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK, UsageError } from "./exit.ts";
import { humanSize } from "../gotext/units.ts";
import { listingText } from "./listing.ts";
import { openMemory } from "./open_memory.ts";
import { printText } from "./print.ts";
import { LIST, tabText } from "../gotext/tabwriter.ts";

const TABLE = "{{.ID}}\t{{.Reclaimable}}\t{{.Size}}\t{{.LastUsedAt}}";

const HEADERS = {
  ID: "ID",
  Parents: "PARENTS",
  CreatedAt: "CREATED AT",
  Mutable: "MUTABLE",
  Reclaimable: "RECLAIMABLE",
  Shared: "SHARED",
  Size: "SIZE",
  Description: "DESCRIPTION",
  UsageCount: "USAGE COUNT",
  LastUsedAt: "LAST ACCESSED",
  Type: "TYPE",
};

/** Runs `davit du`. */
export async function runDu(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const given = parsed.text("format");
  const isVerbose = parsed.switched("verbose");
  if (given !== undefined && isVerbose) {
    throw new UsageError("--format and --verbose cannot be used together");
  }
  const format = given ?? (isVerbose ? "pretty" : "table");
  const words = parsed.list("filter");
  const filters = cacheFilterFlag("ask for the disk usage", words);
  await using memory = await openMemory(parsed, signal);
  const usage = sumOf(
    await Promise.all(
      memory.nodes.map(({ client }) =>
        client.buildDiskUsage({ filters, signal })
      ),
    ),
  );
  const now = Date.now();
  printText(
    format === "pretty"
      ? usage.records.map((record) => `${prettyText(record, now)}\n`).join("")
      : listingText(usage.records, {
        format,
        table: TABLE,
        headers: HEADERS,
        values: (record, inTable) => valuesOf(record, { inTable, now }),
        json: (record) => sorted(valuesOf(record, { inTable: false, now })),
      }),
  );
  // buildx sums up what is whole, in its own forms.
  const isWhole = words.length === 0 && ["pretty", "table"].includes(format);
  if (isWhole) printText(summaryOf(usage));
  return EXIT_OK;
}

/** The usage of several nodes: what one has stands behind what another has. */
function sumOf(usages: readonly BuildDiskUsage[]): BuildDiskUsage {
  const sum = (read: (usage: BuildDiskUsage) => number) =>
    usages.reduce((sum, usage) => sum + read(usage), 0);
  return {
    records: usages.flatMap(({ records }) => records),
    total: sum(({ total }) => total),
    reclaimable: sum(({ reclaimable }) => reclaimable),
    shared: sum(({ shared }) => shared),
  };
}

function valuesOf(
  record: BuildCacheRecord,
  { inTable, now }: { readonly inTable: boolean; readonly now: number },
): Record<keyof typeof HEADERS, unknown> {
  return {
    ID: inTable ? starredId(record) : record.id,
    // Go writes a list that was never filled as nothing.
    Parents: inTable || record.parents.length > 0 ? record.parents : null,
    CreatedAt: goTime(record.createdAt),
    Mutable: record.mutable,
    Reclaimable: record.reclaimable,
    Shared: record.shared,
    Size: inTable ? starredSize(record) : humanSize(record.size),
    Description: inTable ? printable(record.description) : record.description,
    UsageCount: record.usageCount,
    LastUsedAt: lastUsed(record, now),
    Type: record.type,
  };
}

function sorted(values: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(
    Object.entries(values).sort(([a], [b]) => a < b ? -1 : 1),
  );
}

/** All of a record, a line for each thing. */
function prettyText(record: BuildCacheRecord, now: number): string {
  const { parents, description, type } = record;
  const used = lastUsed(record, now);
  return [
    `ID:           ${record.id}`,
    ...parents.length === 0
      ? []
      : ["Parents:", ...parents.map((parent) => ` - ${parent}`)],
    `Created at:   ${goTime(record.createdAt)}`,
    `Mutable:      ${record.mutable}`,
    `Reclaimable:  ${record.reclaimable}`,
    `Shared:       ${record.shared}`,
    `Size:         ${humanSize(record.size)}`,
    ...description === "" ? [] : [`Description:  ${printable(description)}`],
    `Usage count:  ${record.usageCount}`,
    ...used === "" ? [] : [`Last used:    ${used}`],
    ...type === "" ? [] : [`Type:         ${type}`],
    "",
  ].join("\n");
}

function summaryOf({ total, reclaimable, shared }: BuildDiskUsage): string {
  return tabText(
    [
      ...shared === 0 ? [] : [
        `Shared:\t${humanSize(shared)}\n`,
        `Private:\t${humanSize(total - shared)}\n`,
      ],
      `Reclaimable:\t${humanSize(reclaimable)}\n`,
      `Total:\t${humanSize(total)}\n`,
    ].join(""),
    LIST,
  );
}
