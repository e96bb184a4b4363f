// @ts-types="../std/path.d.ts"
import { join } from "@std/path/posix/join";
// @ts-types="../std/path.d.ts"
import { relative } from "@std/path/posix/relative";
import type { Control } from "../buildkit/control.ts";
import type { BuildError } from "../errors.ts";
import type { HistoryRecordMessage } from "../proto/history.ts";
import {
  attachmentsOf,
  type BuildHistoryAttachment,
  contentJson,
} from "./attachments.ts";
import { failureOf } from "./failure.ts";
import type { LocalState } from "./local_state.ts";
import { type BuildHistoryRecord, recordOf } from "./record.ts";

/** A source that a build used, such as a base image. */
export interface BuildHistoryMaterial {
  /** Its URI, such as `pkg:docker/alpine@3?platform=linux%2Famd64`. */
  readonly uri: string;
  /** Its digests, such as `sha256:…`. */
  readonly digests: readonly string[];
}

/** An attestation of a build. */
export interface BuildHistoryAttestation {
  /** The platform that it is for; undefined for a build of one alone. */
  readonly platform: string | undefined;
  /** What it says, such as `https://slsa.dev/provenance/v0.2`. */
  readonly predicateType: string;
  /** What it says in full: JSON, without the statement around it. */
  readonly predicate: unknown;
  /** Its digest in the engine's history. */
  readonly digest: string;
}

/** All that an engine remembers of a build, but for its log. */
export interface BuildHistoryDetails extends BuildHistoryRecord {
  /**
   * The context: a URL; or the folder, where buildx started the build on this
   * machine and wrote that down. Undefined where nobody knows.
   */
  readonly context: string | undefined;
  /** The Dockerfile's path, in the context where it is there. */
  readonly dockerfile: string | undefined;
  /** The stage that was built; undefined for the last one. */
  readonly target: string | undefined;
  /** The platforms that were asked for; empty for the engine's own. */
  readonly platforms: readonly string[];
  /**
   * Build arguments, as they were given. Secrets are not among them: the engine
   * keeps none.
   */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Labels that were given to the image. */
  readonly labels: Readonly<Record<string, string>>;
  /** Contexts by name. */
  readonly namedContexts: Readonly<Record<string, string>>;
  /** The repository that was built, and its revision, where the client told. */
  readonly vcs: {
    readonly source: string | undefined;
    readonly revision: string | undefined;
  };
  /** What was built from. Known once the build has ended well. */
  readonly materials: readonly BuildHistoryMaterial[];
  /** What the record has beside itself. */
  readonly attachments: readonly BuildHistoryAttachment[];
  /**
   * The error that the build failed with, the same that it had itself: with its
   * step, its place in the Dockerfile, and the end of the step's output.
   * Undefined if it did not fail.
   */
  readonly failure: BuildError | undefined;
}

/** The most that is read of an attestation, in bytes. */
const MAX_ATTESTATION_BYTES = 64 * 1024 * 1024;
/** How the types of provenances begin. */
const PROVENANCE = "https://slsa.dev/provenance/";

/** Options of {@linkcode detailsOf}. */
export interface DetailsOptions {
  readonly state: LocalState | undefined;
  /** How many lines of a failed step's output the error has. */
  readonly logLines?: number | undefined;
  /** The time, in milliseconds. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** All that is remembered of a build. */
export async function detailsOf(
  control: Control,
  message: HistoryRecordMessage,
  { state, logLines, now, signal }: DetailsOptions,
): Promise<BuildHistoryDetails> {
  const { frontendAttrs: attrs } = message;
  const attachments = await attachmentsOf(control, message, signal);
  return {
    ...recordOf(message, state, now),
    context: state?.context || attrs.get("context"),
    dockerfile: dockerfileOf(attrs, state),
    target: attrs.get("target"),
    platforms: attrs.get("platform")?.split(",") ?? [],
    buildArgs: attrsBehind(attrs, "build-arg:"),
    labels: attrsBehind(attrs, "label:"),
    namedContexts: attrsBehind(attrs, "context:"),
    vcs: {
      source: attrs.get("vcs:source"),
      revision: attrs.get("vcs:revision"),
    },
    materials: await materialsOf(control, attachments, signal),
    attachments,
    failure: await failureOf(control, message, { logLines, signal }),
  };
}

/** The attestations among the attachments of a record. */
export async function attestationsOf(
  control: Control,
  message: HistoryRecordMessage,
  signal: AbortSignal,
): Promise<BuildHistoryAttestation[]> {
  const all = await attachmentsOf(control, message, signal);
  const found: BuildHistoryAttestation[] = [];
  for (const { platform, digest, type, mediaType } of all) {
    if (type === mediaType) continue;
    const predicate = await readAttestation(control, digest, signal);
    found.push({ platform, predicateType: type, predicate, digest });
  }
  return found;
}

/** The provenances among the attachments of a record, one after the other. */
export async function* provenancesOf(
  control: Control,
  message: HistoryRecordMessage,
  signal: AbortSignal,
): AsyncGenerator<unknown, void> {
  for (
    const { digest, type } of await attachmentsOf(control, message, signal)
  ) {
    if (!type.startsWith(PROVENANCE)) continue;
    yield await readAttestation(control, digest, signal);
  }
}

/** What the first provenance says that was built from. */
async function materialsOf(
  control: Control,
  attachments: readonly BuildHistoryAttachment[],
  signal: AbortSignal,
): Promise<BuildHistoryMaterial[]> {
  const found = attachments.find(({ type }) => type.startsWith(PROVENANCE));
  if (found === undefined) return [];
  const predicate = await readAttestation(control, found.digest, signal) as {
    readonly materials?: unknown;
    readonly buildDefinition?: { readonly resolvedDependencies?: unknown };
  } | null;
  // SLSA 0.2 and 1.
  const list = predicate?.materials ??
    predicate?.buildDefinition?.resolvedDependencies;
  if (!Array.isArray(list)) return [];
  return list.map((one) => ({
    uri: String(one?.uri ?? ""),
    digests: Object.entries(one?.digest ?? {}).map(([kind, digest]) =>
      `${kind}:${digest}`
    ),
  }));
}

async function readAttestation(
  control: Control,
  digest: string,
  signal: AbortSignal,
): Promise<unknown> {
  return await contentJson(control, digest, {
    what: "An attestation in the engine's history",
    maxBytes: MAX_ATTESTATION_BYTES,
    signal,
  });
}

function dockerfileOf(
  attrs: ReadonlyMap<string, string>,
  state: LocalState | undefined,
): string | undefined {
  if (state !== undefined && state.dockerfile !== "") {
    const { context, dockerfile } = state;
    if (dockerfile === "-" || !context.startsWith("/")) return dockerfile;
    const inside = relative(context, dockerfile);
    return inside.startsWith("../") ? dockerfile : inside;
  }
  const name = attrs.get("filename");
  const folder = attrs.get("vcs:localdir:dockerfile");
  return name === undefined || folder === undefined ? name : join(folder, name);
}

/** The attributes whose names begin so, by the rest of their names, sorted. */
export function attrsBehind(
  attrs: ReadonlyMap<string, string>,
  prefix: string,
): Record<string, string> {
  return Object.fromEntries(
    [...attrs].filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value] as const)
      .sort(([a], [b]) => a < b ? -1 : 1),
  );
}
