// What `inspect` prints, in buildx's words (its `commands/inspect.go`).

import { printable } from "../display/printable.ts";
import { type TabOptions, tabText } from "../gotext/tabwriter.ts";
import { goDuration, goTime } from "../gotext/time.ts";
import { binarySize } from "../gotext/units.ts";
import { platformsOf } from "./node_platforms.ts";
import { isPrivateKey } from "./private_key.ts";
import type { ShownBuilder, ShownNode } from "./shown_builder.ts";

/** As buildx writes what it knows of a builder. */
const FACTS: TabOptions = { minWidth: 0, tabWidth: 1, padding: 1, pad: " " };

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
      ...(isPrivateKey(bytes)
        ? ["(a private key)"]
        : new TextDecoder().decode(bytes).split("\n").map(printable))
        .map((line) => `\t> ${line}`),
    ]),
  ];
}

function sizeLine(name: string, bytes: number): string[] {
  return bytes > 0 ? [`\t${name}:\t${binarySize(bytes)}`] : [];
}
