// What `ls` and `inspect` print, in buildx's words (its `commands/ls.go` and
// `commands/inspect.go`).

// @ts-types="../std/base64.d.ts"
import { encodeBase64 } from "@std/encoding/base64";
import type { NodeState } from "../builder/buildx_nodes.ts";
import type { ListedBuilder } from "../buildx/builders.ts";
import {
  formatPlatform,
  normalizePlatform,
  parsePlatform,
  type Platform,
} from "../platforms/platform.ts";
import { printable } from "../display/printable.ts";
import { listingText } from "./listing.ts";
import { goDuration, goTime } from "../gotext/time.ts";
import { binarySize } from "../gotext/units.ts";
import { goJson } from "../gotext/json.ts";
import { type TabOptions, tabText } from "../gotext/tabwriter.ts";

/** What is shown of a node. */
interface ShownNode extends NodeState {
  /** The platforms of its pod, in the place of those that its workers tell. */
  readonly platforms?: readonly Platform[];
}

/** A builder, and what its nodes are doing. */
export interface ShownBuilder {
  readonly builder: ListedBuilder;
  readonly states: readonly ShownNode[];
  /** Whether it is the chosen one. */
  readonly isCurrent: boolean;
}

/** Why a builder can't be shown. */
export interface BrokenBuilder {
  readonly name: string;
  readonly error: Error;
}

/** Processors that are named before others, in this order. */
const MAIN = [
  "linux/amd64",
  "linux/arm64",
  "linux/arm",
  "linux/ppc64le",
  "linux/s390x",
  "linux/riscv64",
  "linux/mips64",
];

/** As buildx writes what it knows of a builder. */
const FACTS: TabOptions = { minWidth: 0, tabWidth: 1, padding: 1, pad: " " };

/** How many kinds of processors a table names. */
const MAX_KINDS = 4;

/** What `ls` shows in a table, as a template. */
const LIST =
  "{{.Name}}\t{{.DriverEndpoint}}\t{{.Status}}\t{{.Buildkit}}\t{{.Platforms}}";

/** The values of a row, and the head of each in a table. */
const HEADERS = {
  Name: "NAME/NODE",
  DriverEndpoint: "DRIVER/ENDPOINT",
  LastActivity: "LAST ACTIVITY",
  Status: "STATUS",
  Buildkit: "BUILDKIT",
  Platforms: "PLATFORMS",
  Error: "",
};

/** A line of the list: a builder, one of its nodes, or a builder that is broken. */
type Row =
  | { readonly shown: ShownBuilder; readonly node?: ShownNode }
  | { readonly broken: BrokenBuilder };

/**
 * Builders and their nodes, in the format of `--format`: a table, or a line by a
 * template for each.
 *
 * @param isWhole Whether a table names every platform.
 * @throws {UsageError} If the format is none.
 */
export function buildersText(
  shown: readonly ShownBuilder[],
  broken: readonly BrokenBuilder[],
  { format, isWhole }: { readonly format: string; readonly isWhole: boolean },
): string {
  const rows: Row[] = [
    ...shown.flatMap((shown): Row[] => [
      { shown },
      ...shown.states.map((node): Row => ({ shown, node })),
    ]),
    ...broken.map((broken): Row => ({ broken })),
  ];
  if (/^\{\{ *json *\. *\}\}$/.test(format)) {
    return rows.map((row) =>
      "shown" in row ? `${goJson(builderJson(row.shown))}\n` : ""
    ).join("");
  }
  return listingText(rows, {
    format,
    table: LIST,
    headers: HEADERS,
    values: (row, inTable) => ({
      ...Object.fromEntries(Object.keys(HEADERS).map((name) => [name, ""])),
      ..."broken" in row
        ? brokenValues(row.broken)
        : row.node === undefined
        ? builderValues(row.shown, inTable)
        : nodeValues(row.node, inTable, isWhole),
    }),
  });
}

function brokenValues({ name, error }: BrokenBuilder) {
  return { Name: name, Status: "error", Error: error.message };
}

function builderValues(
  { builder: { name, driver, lastActivity }, isCurrent }: ShownBuilder,
  inTable: boolean,
) {
  return {
    Name: isCurrent && inTable ? `${name}*` : name,
    DriverEndpoint: driver,
    LastActivity: secondsOf(lastActivity) ?? "",
  };
}

function nodeValues(state: ShownNode, inTable: boolean, isWhole: boolean) {
  const { node: { name, endpoint }, status, version = "", error } = state;
  const platforms = platformsOf(state);
  const start = inTable ? " \\_ " : "";
  return {
    Name: start + name,
    DriverEndpoint: start + endpoint,
    Status: status ?? "error",
    Buildkit: printable(version),
    Platforms: inTable && !isWhole
      ? shortened(platforms)
      : platforms.join(", "),
    Error: printable(error?.message ?? ""),
  };
}

/** A time to the second, as Go writes it. */
function secondsOf(time: Date | undefined): string | undefined {
  return time?.toISOString().replace(/\.\d+Z$/, "Z");
}

/** What went wrong, below the table. */
export function failures(
  shown: readonly ShownBuilder[],
  broken: readonly BrokenBuilder[],
): string[] {
  return [
    ...shown.flatMap(({ builder, states }) =>
      states.flatMap(({ node, error }) =>
        error === undefined ? [] : [
          `Failed to get status for ${builder.name} (${node.name}): ${
            printable(error.message)
          }`,
        ]
      )
    ),
    ...broken.map(({ name, error }) =>
      `Cannot load builder ${name}: ${error.message}`
    ),
  ];
}

/**
 * Shows each pod of a builder in a cluster, under the name of its node: so buildx
 * does where all nodes have pods that run.
 */
export function withPods(shown: ShownBuilder): ShownBuilder {
  const { builder, states } = shown;
  if (!states.every(({ pods = [] }) => pods.length > 0)) return shown;
  return {
    ...shown,
    builder: { ...builder, dynamic: true },
    states: states.flatMap((state) =>
      state.pods!.map(({ platforms }) =>
        platforms.length === 0 ? state : { ...state, platforms }
      )
    ),
  };
}

/** A builder as an object of JSON, its keys in the order of their letters. */
export function builderJson(
  { builder, states, isCurrent }: ShownBuilder,
): Record<string, unknown> {
  const { name, driver, dynamic, lastActivity } = builder;
  return {
    Current: isCurrent,
    Driver: driver,
    Dynamic: dynamic,
    LastActivity: secondsOf(lastActivity) ?? "0001-01-01T00:00:00Z",
    Name: name,
    Nodes: states.map(nodeJson),
  };
}

function nodeJson(state: ShownNode): Record<string, unknown> {
  const { node, error, status, version, workers } = state;
  const platforms = platformsOf(state).map((each) => each.replace("*", ""));
  const labels = Object.fromEntries(
    [...workers[0]?.labels ?? []].sort(([a], [b]) => a < b ? -1 : 1),
  );
  const entries: Record<string, unknown> = {
    DriverOpts: node.driverOpts,
    Endpoint: node.endpoint,
    Err: error?.message,
    Files: node.files && Object.fromEntries(
      Object.entries(node.files).map((
        [path, bytes],
      ) => [path, encodeBase64(bytes)]),
    ),
    Flags: node.flags,
    GCPolicy: workers[0]?.gcPolicy.map((rule) => ({
      all: rule.all,
      filter: rule.filters.length === 0 ? null : rule.filters,
      keepDuration: rule.keepDuration,
      maxUsedSpace: rule.maxUsedSpace,
      minFreeSpace: rule.minFreeSpace,
      reservedSpace: rule.reservedSpace,
    })),
    IDs: workers.map(({ id }) => id).sort(),
    Labels: labels,
    Name: node.name,
    Platforms: platforms,
    Status: status ?? "error",
    Version: version,
  };
  return Object.fromEntries(
    Object.entries(entries).filter(([name, value]) =>
      value !== undefined && value !== "" &&
      (name === "Name" || name === "Endpoint" ||
        typeof value !== "object" || Object.keys(value as object).length > 0)
    ),
  );
}

/** Lines about one builder. */
export function inspection({ builder, states }: ShownBuilder): string[] {
  const { name, driver, lastActivity } = builder;
  const lines = [
    `Name:\t${name}`,
    `Driver:\t${driver}`,
    ...lastActivity === undefined
      ? []
      : [`Last Activity:\t${goTime(lastActivity.toISOString())}`],
    "",
    "Nodes:",
  ];
  for (const [i, state] of states.entries()) {
    if (i > 0) lines.push("");
    lines.push(...nodeLines(state));
  }
  return tabText(lines.join("\n"), FACTS).split("\n");
}

function nodeLines(state: ShownNode): string[] {
  const { node, error, status, version, workers } = state;
  const options = Object.entries(node.driverOpts ?? {}).sort(([a], [b]) =>
    a < b ? -1 : 1
  );
  const { flags = [], files = {} } = node;
  const platforms = platformsOf(state);
  const [worker] = workers;
  const head = [
    `Name:\t${node.name}`,
    `Endpoint:\t${node.endpoint}`,
    ...options.length === 0 ? [] : [
      `Driver Options:\t${
        options.map(([name, value]) => `${name}=${JSON.stringify(value)}`)
          .join(" ")
      }`,
    ],
  ];
  if (error !== undefined) {
    return [...head, `Error:\t${printable(error.message)}`];
  }
  return [
    ...head,
    `Status:\t${status}`,
    ...flags.length === 0 ? [] : [`BuildKit daemon flags:\t${flags.join(" ")}`],
    ...version ? [`BuildKit version:\t${printable(version)}`] : [],
    ...platforms.length === 0 ? [] : [`Platforms:\t${platforms.join(", ")}`],
    ...(worker === undefined || worker.labels.size === 0 ? [] : [
      "Labels:",
      ...[...worker.labels].sort(([a], [b]) => a < b ? -1 : 1)
        .map(([name, value]) => `\t${printable(name)}:\t${printable(value)}`),
    ]),
    ...(worker?.gcPolicy ?? []).flatMap((rule, i) => [
      `GC Policy rule#${i}:`,
      `\tAll:\t${rule.all}`,
      ...rule.filters.length === 0
        ? []
        : [`\tFilters:\t${printable(rule.filters.join(" "))}`],
      ...rule.keepDuration > 0
        ? [`\tKeep Duration:\t${goDuration(rule.keepDuration)}`]
        : [],
      ...sizeLine("Reserved Space", rule.reservedSpace),
      ...sizeLine("Max Used Space", rule.maxUsedSpace),
      ...sizeLine("Min Free Space", rule.minFreeSpace),
    ]),
    ...Object.entries(files).flatMap(([path, bytes]) => [
      `File#${path}:`,
      ...new TextDecoder().decode(bytes).split("\n")
        .map((line) => `\t> ${line}`),
    ]),
  ];
}

function sizeLine(name: string, bytes: number): string[] {
  return bytes > 0 ? [`\t${name}:\t${binarySize(bytes)}`] : [];
}

/** The platforms of a node, marked where its file names them. */
function platformsOf(
  { node, workers, platforms }: Pick<
    ShownNode,
    "node" | "workers" | "platforms"
  >,
): string[] {
  const own = (node.platforms ?? []).map(spelled);
  const all = platforms?.map(spelled) ??
    workers.flatMap(({ platforms }) => platforms.map(spelledWord));
  const marked = new Set(own);
  return [
    ...[...marked].map((platform) => `${platform}*`),
    ...[...new Set(all)].filter((platform) => !marked.has(platform)),
  ];
}

function spelled(platform: Platform): string {
  return formatPlatform(normalizePlatform(platform));
}

/** The same for what a daemon tells, which may be none. */
function spelledWord(text: string): string {
  try {
    return spelled(parsePlatform(text));
  } catch (error) {
    if (error instanceof TypeError) return printable(text);
    throw error;
  }
}

/** Some of the platforms, one for each processor, and how many there are. */
function shortened(platforms: readonly string[]): string {
  const kinds = new Map<string, string[]>();
  const kindOf = (platform: string) =>
    platform.replace("*", "").split("/").slice(0, 2).join("/");
  const mains = platforms.filter((each) => MAIN.includes(kindOf(each)));
  mains.sort((a, b) => MAIN.indexOf(kindOf(a)) - MAIN.indexOf(kindOf(b)));
  const others = platforms.filter((each) => !MAIN.includes(kindOf(each)));
  others.sort((a, b) => kindOf(a) < kindOf(b) ? -1 : 1);
  for (const platform of [...mains, ...others]) {
    const kind = kindOf(platform);
    if (!kinds.has(kind) && kinds.size >= MAX_KINDS) continue;
    kinds.set(kind, [...kinds.get(kind) ?? [], platform]);
  }
  const shown = [...kinds].map(([kind, all]) => {
    if (all.length === 1) return all[0]!;
    const mark = all.some((each) => each.endsWith("*")) ? "*" : "";
    return `${kind}${mark} (+${all.length})`;
  });
  const left = platforms.length -
    [...kinds.values()].reduce((sum, all) => sum + all.length, 0);
  return [...shown, ...left > 0 ? [`(${left} more)`] : []].join(", ");
}
