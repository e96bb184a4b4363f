// What `ls` prints, in buildx's words (its `commands/ls.go`).

// @ts-types="../std/base64.d.ts"
import { encodeBase64 } from "@std/encoding/base64";
import { printable } from "../display/printable.ts";
import { goJson } from "../gotext/json.ts";
import { listingText } from "./listing.ts";
import { platformsOf, shortened } from "./node_platforms.ts";
import { isPrivateKey } from "./private_key.ts";
import type { ShownBuilder, ShownNode } from "./shown_builder.ts";

/** Why a builder can't be shown. */
export interface BrokenBuilder {
  readonly name: string;
  readonly error: Error;
}

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
      Object.entries(node.files)
        .filter(([, bytes]) => !isPrivateKey(bytes))
        .map(([path, bytes]) => [path, encodeBase64(bytes)]),
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
