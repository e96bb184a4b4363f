import type { BuildHistoryDetails } from "../history/inspect.ts";
import { SWITCHES } from "./flag.ts";

/** A name and its value, as buildx writes them. */
export interface NamedValue {
  readonly Name: string;
  readonly Value?: string | undefined;
}

/** Settings of a build, by buildx's names. */
export interface InspectConfig {
  readonly Network?: string | undefined;
  readonly ExtraHosts?: readonly string[] | undefined;
  readonly Hostname?: string | undefined;
  readonly CgroupParent?: string | undefined;
  readonly ImageResolveMode?: string | undefined;
  readonly MultiPlatform?: true | undefined;
  readonly NoCache?: true | undefined;
  readonly NoCacheFilter?: readonly string[] | undefined;
  readonly ShmSize?: string | undefined;
  readonly Ulimit?: string | undefined;
  readonly CacheMountNS?: string | undefined;
  readonly DockerfileCheckConfig?: string | undefined;
  readonly SourceDateEpoch?: string | undefined;
  readonly SandboxHostname?: string | undefined;
  readonly RestRaw?: readonly NamedValue[] | undefined;
}

/** What `--format json` shows, in buildx's order; what is empty is left out. */
export interface InspectValues {
  readonly Name?: string | undefined;
  readonly Ref: string;
  readonly Context?: string | undefined;
  readonly Dockerfile?: string | undefined;
  readonly VCSRepository?: string | undefined;
  readonly VCSRevision?: string | undefined;
  readonly Target?: string | undefined;
  readonly Platform?: readonly string[] | undefined;
  readonly KeepGitDir?: true | undefined;
  readonly NamedContexts?: readonly NamedValue[] | undefined;
  readonly StartedAt: string;
  readonly CompletedAt?: string | undefined;
  /** Nanoseconds. */
  readonly Duration?: number | undefined;
  readonly Status: "completed" | "running" | "failed" | "canceled";
  readonly Error?: InspectError | undefined;
  readonly NumCompletedSteps: number;
  readonly NumTotalSteps: number;
  readonly NumCachedSteps: number;
  readonly BuildArgs?: readonly NamedValue[] | undefined;
  readonly Labels?: readonly NamedValue[] | undefined;
  readonly Config: InspectConfig;
  readonly Materials?:
    | readonly { readonly URI: string; readonly Digests?: readonly string[] }[]
    | undefined;
  readonly Attachments?:
    | readonly {
      readonly Digest: string;
      readonly Platform?: string | undefined;
      readonly Type: string;
    }[]
    | undefined;
  readonly [name: string]: unknown;
}

/** Why a build failed, by buildx's names. */
export interface InspectError {
  readonly Code?: number | undefined;
  readonly Message?: string | undefined;
  /** The step. */
  readonly Name?: string | undefined;
  /** The last lines that it printed. */
  readonly Logs?: readonly string[] | undefined;
  /** Where it stands in the Dockerfile, in base64. */
  readonly Sources?: string | undefined;
}

/** Attributes that have a name of their own in what is shown. */
const CONFIG = {
  Network: "force-network-mode",
  Hostname: "hostname",
  CgroupParent: "cgroup-parent",
  ImageResolveMode: "image-resolve-mode",
  ShmSize: "shm-size",
  Ulimit: "ulimit",
  CacheMountNS: "build-arg:BUILDKIT_CACHE_MOUNT_NS",
  DockerfileCheckConfig: "build-arg:BUILDKIT_DOCKERFILE_CHECK",
  SourceDateEpoch: "build-arg:SOURCE_DATE_EPOCH",
  SandboxHostname: "build-arg:SANDBOX_HOSTNAME",
} as const;

/** Attributes that are shown in a form of their own, or not at all. */
const SHOWN_ELSEWHERE: readonly string[] = [
  ...Object.values(CONFIG),
  "add-hosts",
  "context",
  "filename",
  "frontend.caps",
  "multi-platform",
  "no-cache",
  "platform",
  "target",
];
const PREFIXES = ["vcs:", "build-arg:", "label:", "context:", "attest:"];

/** What is shown of a build. */
export function inspectValues(details: BuildHistoryDetails): InspectValues {
  const { attrs, error, failure } = details;
  const { source, revision } = attrs.context === undefined
    ? details.vcs
    : { source: undefined, revision: undefined };
  const excerpt = failure?.source?.excerpt;
  return {
    Name: details.name || undefined,
    Ref: details.ref,
    Context: details.context || undefined,
    Dockerfile: details.dockerfile || undefined,
    VCSRepository: source,
    VCSRevision: revision,
    Target: details.target || undefined,
    Platform: listOr(details.platforms),
    KeepGitDir: isOn(attrs["build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR"]),
    NamedContexts: pairsOf(details.namedContexts),
    StartedAt: localTime(details.createdAt),
    CompletedAt: details.completedAt && localTime(details.completedAt),
    Duration: Math.round(details.duration * 1e6) || undefined,
    Status: statusOf(details),
    Error: error && {
      Code: error.code,
      Message: error.message,
      Name: failure?.step,
      Logs: listOr(failure?.log ?? []),
      Sources: excerpt && new TextEncoder().encode(`${excerpt}\n\n`).toBase64(),
    },
    NumCompletedSteps: details.completedSteps,
    NumTotalSteps: details.totalSteps,
    NumCachedSteps: details.cachedSteps,
    BuildArgs: pairsOf(details.buildArgs, (name) => !(name in HIDDEN_ARGS)),
    Labels: pairsOf(details.labels),
    Config: configOf(attrs),
    Materials: listOr(details.materials.map(({ uri, digests }) => ({
      URI: uri,
      Digests: digests,
    }))),
    Attachments: listOr(
      details.attachments.map(({ digest, platform, type }) => ({
        Digest: digest,
        Platform: platform,
        Type: type,
      })),
    ),
  };
}

/** A time in RFC 3339 by this machine's clock. */
function localTime(time: string): string {
  const date = new Date(time);
  const offset = -date.getTimezoneOffset();
  if (offset === 0) return time;
  const [, part = ""] = /(\.\d+)?Z$/.exec(time) ?? [];
  const local = new Date(date.getTime() + offset * 60_000).toISOString();
  const minutes = Math.abs(offset);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${local.slice(0, 19)}${part}${offset < 0 ? "-" : "+"}${
    two(Math.trunc(minutes / 60))
  }:${two(minutes % 60)}`;
}

/** The only build argument that is read before they are shown. */
const HIDDEN_ARGS: Readonly<Record<string, true>> = {
  BUILDKIT_CONTEXT_KEEP_GIT_DIR: true,
};

function statusOf(
  { status, error }: BuildHistoryDetails,
): InspectValues["Status"] {
  if (error === undefined) {
    return status === "running" ? "running" : "completed";
  }
  return error.code === 1 ? "canceled" : "failed";
}

function configOf(attrs: Readonly<Record<string, string>>): InspectConfig {
  const named = Object.fromEntries(
    Object.entries(CONFIG).map(([name, attr]) => [name, attrs[attr]]),
  ) as Record<keyof typeof CONFIG, string | undefined>;
  const noCache = attrs["no-cache"];
  const rest = Object.entries(attrs).filter(([name]) =>
    !SHOWN_ELSEWHERE.includes(name) &&
    !PREFIXES.some((prefix) => name.startsWith(prefix))
  );
  return {
    Network: named.Network,
    ExtraHosts: attrs["add-hosts"] ? attrs["add-hosts"].split(",") : undefined,
    Hostname: named.Hostname,
    CgroupParent: named.CgroupParent,
    ImageResolveMode: named.ImageResolveMode,
    MultiPlatform: isOn(attrs["multi-platform"]) ??
      isOn(attrs["build-arg:BUILDKIT_MULTI_PLATFORM"]),
    NoCache: noCache === "" ? true : undefined,
    NoCacheFilter: noCache ? noCache.split(",") : undefined,
    ShmSize: named.ShmSize,
    Ulimit: named.Ulimit,
    CacheMountNS: named.CacheMountNS,
    DockerfileCheckConfig: named.DockerfileCheckConfig,
    SourceDateEpoch: named.SourceDateEpoch,
    SandboxHostname: named.SandboxHostname,
    RestRaw: pairsOf(Object.fromEntries(rest)),
  };
}

function isOn(value: string | undefined): true | undefined {
  return value !== undefined && SWITCHES[value] === true ? true : undefined;
}

function pairsOf(
  values: Readonly<Record<string, string>>,
  fits: (name: string) => boolean = () => true,
): NamedValue[] | undefined {
  return listOr(
    Object.entries(values).filter(([name]) => fits(name))
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([Name, Value]) => ({ Name, Value: Value || undefined })),
  );
}

function listOr<T>(list: readonly T[]): T[] | undefined {
  return list.length === 0 ? undefined : [...list];
}
