// The attributes of BuildKit's Dockerfile frontend. BuildKit reads them in
// `frontend/dockerui/config.go` and `frontend/dockerfile/builder`; buildx writes
// them in `build/opt.go`.

import type { SolveEntry } from "../../buildkit/solve_request.ts";
import type { RequestedAttestation } from "../checks/attestations.ts";
import type { HostAddress } from "../checks/values.ts";
import type { NamedContexts } from "../context/named_contexts.ts";
import type { BuildRequest } from "../request.ts";
import { namedContextAttrs, sessionAttrs } from "./named_context_attrs.ts";

/** What the attributes say besides the request. */
export interface FrontendInputs {
  /** Path of the Dockerfile where the frontend looks for it. */
  readonly dockerfile: string | undefined;
  /**
   * URL of the context; undefined where the session serves its folders by their
   * names.
   */
  readonly context: string | undefined;
  /** Whether there are images of the engine's own to build from. */
  readonly localImages: boolean;
  /** The contexts by name. */
  readonly contexts: NamedContexts;
  /**
   * Whether a frontend of the Dockerfile's own (`# syntax=`) may build in place
   * of the engine's.
   */
  readonly forward: boolean;
  /**
   * Id of the session that serves the folders, where it is not the build's own.
   */
  readonly folders?: string | undefined;
  /** Hosts for the steps' `/etc/hosts`, with addresses alone. */
  readonly hosts: readonly HostAddress[];
  /** The caches that are read. */
  readonly caches: readonly SolveEntry[];
}

/** The attributes of a request. */
export function frontendAttrs(
  request: BuildRequest,
  {
    dockerfile,
    context,
    localImages,
    contexts,
    forward,
    folders,
    hosts,
    caches,
  }: FrontendInputs,
): Readonly<Record<string, string>> {
  const { network, ulimits = [], platforms } = request;
  const attrs: Record<string, string | undefined> = {
    filename: dockerfile,
    context,
    ...namedContextAttrs(contexts, { forward }),
    ...sessionAttrs(contexts, folders),
    target: request.target,
    platform: platforms.length === 0 ? undefined : platforms.join(","),
    // The engine's own images are used, as for `POST /build`.
    "image-resolve-mode": isOn(request.pull)
      ? "pull"
      : localImages
      ? "local"
      : undefined,
    "no-cache": request.noCache
      ? ""
      : request.noCacheStages.length === 0
      ? undefined
      : request.noCacheStages.join(","),
    "force-network-mode": network === "host" || network === "none"
      ? network
      : undefined,
    "add-hosts": listed(
      hosts.map(({ host, address }) => `${host}=${address}`),
    ),
    ulimit: listed(
      ulimits.map(({ name, soft, hard }) => `${name}=${soft}:${hard}`),
    ),
    "shm-size": request.shmSize?.toString(),
    "cgroup-parent": request.cgroupParent,
    // BuildKit's frontend takes them from here, and BuildKit itself from the
    // request.
    "cache-imports": caches.length === 0 ? undefined : JSON.stringify(
      caches.map(({ type, attrs }) => ({ Type: type, Attrs: attrs })),
    ),
  };
  for (const [name, value] of Object.entries(request.buildArgs ?? {})) {
    // BuildKit has no use for an argument without a value.
    if (value !== null) attrs[`build-arg:${name}`] = value;
  }
  for (const [name, value] of Object.entries(request.labels ?? {})) {
    attrs[`label:${name}`] = value;
  }
  for (const attestation of request.attestations) {
    attrs[`attest:${attestation.type}`] = parameters(attestation);
  }
  return Object.fromEntries(
    Object.entries(attrs).filter((entry): entry is [string, string] =>
      entry[1] !== undefined
    ),
  );
}

/**
 * Where the cache is stored. The build argument asks BuildKit's clients, and
 * not BuildKit, to store it in the image.
 */
export function cacheExports(
  { buildArgs }: BuildRequest,
  opened: readonly SolveEntry[],
): readonly SolveEntry[] {
  const inline = buildArgs?.BUILDKIT_INLINE_CACHE;
  // The values that Go's strconv.ParseBool reads as true.
  return ["1", "t", "T", "true", "TRUE", "True"].some((on) => on === inline) &&
      !opened.some(({ type }) => type === "inline")
    ? [...opened, { type: "inline", attrs: {} }]
    : opened;
}

/** What the steps may do besides; the engine allows it or refuses the build. */
export function entitlements(
  { network, allow }: BuildRequest,
): readonly string[] {
  const host = network === "host" ? ["network.host"] : [];
  return [...new Set([...host, ...allow])];
}

/** A switch that is text is read as the Engine API reads it. */
function isOn(value: string | boolean | undefined): boolean {
  if (typeof value !== "string") return value === true;
  return !["", "0", "no", "false", "none"].includes(value.trim().toLowerCase());
}

/** The parameters of an attestation, as buildx writes them. */
function parameters({ attrs }: RequestedAttestation): string {
  return listed(
    Object.entries(attrs).map(([name, value]) => `${name}=${value}`),
  ) ?? "";
}

/** A list as one line of CSV; undefined if it is empty. */
function listed(fields: readonly string[]): string | undefined {
  if (fields.length === 0) return undefined;
  return fields.map((field) =>
    /[",\r\n]|^\s/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
  ).join(",");
}
