import { printableText } from "../display/printable.ts";
import type { BuildHistoryDetails } from "../history/inspect.ts";
import { desktopUrl } from "./history_ls_command.ts";
import type { InspectValues, NamedValue } from "./history_inspect_values.ts";
import { buildDuration } from "../gotext/units.ts";
import { LIST, tabText } from "../gotext/tabwriter.ts";

/** gRPC's names of its codes. */
const CODES = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
];

/** Options of {@linkcode inspectText}. */
export interface InspectTextOptions {
  /** Whether the user has named the build: then its id is not shown. */
  readonly named: boolean;
  /** The node that remembers it, as buildx names it: `builder/node`. */
  readonly node: string;
}

/** A build as buildx shows it to people. */
export function inspectText(
  { failure }: BuildHistoryDetails,
  values: InspectValues,
  { named, node }: InspectTextOptions,
): string {
  const { Ref, Config, Error: error } = values;
  const parts = [
    listText([
      ["Name", values.Name],
      ["Ref", named ? undefined : Ref],
      ["Context", values.Context],
      ["Dockerfile", values.Dockerfile],
      ["VCS Repository", values.VCSRepository],
      ["VCS Revision", values.VCSRevision],
      ["Target", values.Target],
      ["Platforms", values.Platform?.join(", ")],
      ["Keep Git Dir", values.KeepGitDir],
    ]),
    "\n",
    tableText("NAMED CONTEXT", values.NamedContexts),
    progressText(values),
    "\n",
    listText([
      ["Network", Config.Network],
      ["Hostname", Config.Hostname],
      ["Extra Hosts", Config.ExtraHosts?.join(", ")],
      ["Cgroup Parent", Config.CgroupParent],
      ["Image Resolve Mode", Config.ImageResolveMode],
      ["Multi-Platform", Config.MultiPlatform],
      ["No Cache", Config.NoCache],
      ["No Cache Filter", Config.NoCacheFilter?.join(", ")],
      ["Shm Size", Config.ShmSize],
      ["Resource Limits", Config.Ulimit],
      ["Cache Mount Namespace", Config.CacheMountNS],
      ["Dockerfile Check Config", Config.DockerfileCheckConfig],
      ["Source Date Epoch", Config.SourceDateEpoch],
      ["Sandbox Hostname", Config.SandboxHostname],
      ...(Config.RestRaw ?? []).map(({ Name, Value = "" }) =>
        [Name, Value] as const
      ),
    ]),
    "\n",
    tableText("BUILD ARG", values.BuildArgs),
    tableText("LABEL", values.Labels),
    ...values.Materials === undefined ? [] : [
      "Materials:\n",
      rowsText([
        ["URI", "DIGEST"],
        ...values.Materials.map(({ URI, Digests = [] }) => [
          URI,
          Digests.join(", "),
        ]),
      ]),
      "\n",
    ],
    ...values.Attachments === undefined ? [] : [
      "Attachments:\n",
      rowsText([
        ["DIGEST", "PLATFORM", "TYPE"],
        ...values.Attachments.map(({ Digest, Platform = "", Type }) => [
          Digest,
          Platform,
          Type,
        ]),
      ]),
      "\n",
    ],
    ...failure?.source === undefined ? [] : [`${failure.source.excerpt}\n\n`],
    ...error?.Logs === undefined ? [] : [
      `Logs:\n> => ${error.Name}:\n`,
      ...error.Logs.map((line) => `> ${line}\n`),
      "\n",
    ],
    `Print build logs: davit history logs ${Ref}\n`,
    `View build in Docker Desktop: ${desktopUrl(Ref, node)}\n`,
  ];
  // Whoever may build on the engine has said what is in it.
  return printableText(parts.join(""));
}

function progressText(values: InspectValues): string {
  const { Status, Error: error, Duration = 0 } = values;
  const share = values.NumTotalSteps === 0
    ? "NaN"
    : evenly(values.NumCachedSteps / values.NumTotalSteps * 100);
  const steps = `${values.NumCompletedSteps}/${values.NumTotalSteps}`;
  return listText([
    ["Started", localTime(values.StartedAt)],
    [
      "Duration",
      buildDuration(Duration / 1e6) +
      (Status === "running" ? " (running)" : ""),
    ],
    [
      "Error",
      Status === "failed"
        ? `${CODES[error?.Code ?? 0]} ${error?.Message}`
        : undefined,
    ],
    ["Status", Status === "canceled" ? "Canceled" : undefined],
    [
      "Build Steps",
      `${steps} (${share}% cached)`,
    ],
  ]);
}

/** A number without its fraction; a half goes to the even one, as Go rounds. */
function evenly(number: number): number {
  const below = Math.floor(number);
  return number - below === 0.5 && below % 2 === 0 ? below : Math.round(number);
}

/** A time by this machine's clock. */
function localTime(time: string): string {
  const date = new Date(time);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${
    two(date.getDate())
  } ${two(date.getHours())}:${two(date.getMinutes())}:${
    two(date.getSeconds())
  }`;
}

function listText(
  lines: readonly (readonly [
    name: string,
    value: string | boolean | undefined,
  ])[],
): string {
  return tabText(
    lines.filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}:\t${value}\n`).join(""),
    LIST,
  );
}

function tableText(
  title: string,
  values: readonly NamedValue[] | undefined,
): string {
  if (values === undefined) return "";
  return `${
    rowsText([
      [title, "VALUE"],
      ...values.map(({ Name, Value = "" }) => [Name, Value]),
    ])
  }\n`;
}

function rowsText(rows: readonly (readonly string[])[]): string {
  return tabText(rows.map((cells) => `${cells.join("\t")}\n`).join(""), LIST);
}
