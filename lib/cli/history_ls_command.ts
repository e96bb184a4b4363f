import type { BuildHistoryRecord } from "../history/record.ts";
import { printable } from "../display/printable.ts";
import type { CommandContext } from "./command.ts";
import { EXIT_OK } from "./exit.ts";
import { gitRemote } from "./git_remote.ts";
import { buildDuration, humanDuration } from "../gotext/units.ts";
import { listingText } from "./listing.ts";
import {
  listAll,
  type NodeRecord,
  type OpenedMemory,
  openMemory,
} from "./open_memory.ts";
import { printText } from "./print.ts";

/** How many builds that have ended are listed, as buildx does. */
const LIMIT = 50;

/** How many characters of a name a table shows. */
const NAME_LENGTH = 36;

const TABLE =
  "{{.Ref}}\t{{.Name}}\t{{.Status}}\t{{.CreatedAt}}\t{{.Duration}}\t{{.Link}}";

const HEADERS = {
  Ref: "BUILD ID",
  FullRef: "",
  Name: "NAME",
  Status: "STATUS",
  CreatedAt: "CREATED AT",
  Duration: "DURATION",
  Link: "",
};

/** Runs `davit history ls`. */
export async function runHistoryLs(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const filters = [
    ...parsed.switched("local") ? [`repository=${await gitRemote()}`] : [],
    ...parsed.list("filter"),
  ];
  await using memory = await openMemory(parsed, signal);
  const records = await newest(memory, filters, signal);
  const cut = !parsed.switched("no-trunc");
  const now = Date.now();
  printText(listingText(records, {
    format: parsed.text("format") ?? "table",
    table: TABLE,
    headers: HEADERS,
    values: ({ record, node: { name } }, inTable) => ({
      ...valuesOf(record, name, now),
      ...inTable ? cellsOf(record, name, cut) : { Name: record.name },
    }),
    json: ({ record, node: { name } }) => jsonOf(record, name),
  }));
  return EXIT_OK;
}

/** All builds that run, and behind them the newest of those that have ended. */
async function newest(
  { nodes }: OpenedMemory,
  filters: readonly string[],
  signal: AbortSignal,
): Promise<NodeRecord[]> {
  const running = await listAll(nodes, {
    filters: [...filters, "status=running"],
    signal,
  });
  // As buildx does, so many of each node.
  const ended = await listAll(nodes, {
    filters: [...filters, "status!=running"],
    limit: LIMIT,
    signal,
  });
  // One may have ended in between.
  const isBoth = ({ record: { ref } }: NodeRecord) =>
    ended.some(({ record }) => record.ref === ref);
  return [...running.filter((one) => !isBoth(one)), ...ended];
}

function valuesOf(record: BuildHistoryRecord, node: string, now: number) {
  const { ref, createdAt, completedAt, duration } = record;
  return {
    Ref: ref,
    FullRef: fullRef(ref, node),
    Status: statusWord(record),
    CreatedAt: `${humanDuration(now - Date.parse(createdAt))} ago`,
    Duration: `${buildDuration(duration)}${
      completedAt === undefined ? "+" : ""
    }`,
    Link: desktopUrl(ref, node),
  };
}

/** What a table shows in its own way: a terminal obeys nothing of it. */
function cellsOf(record: BuildHistoryRecord, node: string, cut: boolean) {
  const ref = printable(record.ref);
  const name = printable(record.name);
  return {
    Ref: ref,
    FullRef: fullRef(ref, node),
    Name: cut ? endOf(name) : name,
    Link: linkOf(ref, node),
  };
}

function jsonOf(record: BuildHistoryRecord, node: string) {
  const { completedAt } = record;
  return {
    cached_steps: record.cachedSteps,
    ...completedAt === undefined ? {} : { completed_at: completedAt },
    completed_steps: record.completedSteps,
    created_at: record.createdAt,
    name: record.name,
    ref: fullRef(record.ref, node),
    status: statusWord(record),
    total_steps: record.totalSteps,
  };
}

/** How the list calls it: a build that was cancelled counts as an error. */
function statusWord({ status }: BuildHistoryRecord): string {
  switch (status) {
    case "running":
      return "Running";
    case "completed":
      return "Completed";
    default:
      return "Error";
  }
}

function fullRef(ref: string, node: string): string {
  return `${node}/${ref}`;
}

/** The address of a build in Docker Desktop. @param node `builder/node`. */
export function desktopUrl(ref: string, node: string): string {
  return `docker-desktop://dashboard/build/${fullRef(ref, node)}`;
}

/** A link that a terminal shows as a word. */
function linkOf(ref: string, node: string): string {
  return Deno.stdout.isTerminal()
    ? `\x1b]8;;${desktopUrl(ref, node)}\x1b\\Open\x1b]8;;\x1b\\`
    : "";
}

function endOf(name: string): string {
  return name.length <= NAME_LENGTH
    ? name
    : `..${name.slice(name.length - NAME_LENGTH + 2)}`;
}
