// The query parameters of `POST /build`, as a Docker engine reads them. moby's
// own client writes them in `client/image_build.go`.

import type { Query } from "../../engine/engine.ts";
import { isImage, type RequestedOutput } from "../checks/requested_output.ts";
import type { HostAddress } from "../checks/values.ts";
import type { Ulimit } from "../options.ts";
import type { BuildRequest } from "../request.ts";
import { storeExporter } from "./store_exporter.ts";

/**
 * The parameters of a request, except those for its context, session and build
 * id.
 */
export function buildQuery(request: BuildRequest): Query {
  const { hosts, labels, cacheFrom, ulimits, outputs } = request;
  const { classic } = request;
  return {
    version: request.builder === "classic" ? "1" : "2",
    dockerfile: request.dockerfile,
    t: request.tags.length === 0 ? undefined : request.tags,
    extrahosts: hosts?.map(hostText),
    q: request.quiet,
    nocache: request.noCache,
    cachefrom: cacheFrom && JSON.stringify(cacheFrom),
    pull: request.pull,
    buildargs: buildArgsOf(request),
    shmsize: request.shmSize,
    ulimits: ulimits && JSON.stringify(ulimits.map(limitObject)),
    squash: request.squash,
    labels: labels && JSON.stringify(labels),
    networkmode: request.network,
    platform: request.platforms[0],
    target: request.target,
    outputs: outputs.length === 0 ? undefined : JSON.stringify(
      outputs.map((output) => outputObject(output, request.tags)),
    ),
    rm: classic.rm,
    forcerm: classic.forcerm,
    memory: classic.memory,
    memswap: classic.memswap,
    cpushares: classic.cpushares,
    cpusetcpus: classic.cpusetcpus,
    cpuperiod: classic.cpuperiod,
    cpuquota: classic.cpuquota,
    cgroupparent: classic.cgroupparent,
    remote: request.context.kind === "remote" ? request.context.url : undefined,
  };
}

/** Build arguments; one of them asks the engine for a cache in the image. */
function buildArgsOf(
  { buildArgs, cacheExports }: BuildRequest,
): string | undefined {
  const isInline = cacheExports.some(({ type }) => type === "inline");
  const all = isInline
    ? { ...buildArgs, BUILDKIT_INLINE_CACHE: "1" }
    : buildArgs;
  return all && JSON.stringify(all);
}

/** An extra host in the form that engines read, `host:ip`. */
export function hostText({ host, address }: HostAddress): string {
  return `${host}:${address}`;
}

function limitObject({ name, soft, hard }: Ulimit): Record<string, unknown> {
  return { Name: name, Soft: soft, Hard: hard };
}

/**
 * The exporter of an archive takes names of images only from its attribute
 * `name`, so tags are copied into it.
 */
function outputObject(
  output: RequestedOutput,
  tags: readonly string[],
): Record<string, unknown> {
  const { type, attrs } = output;
  if (isImage(output)) return { Type: storeExporter(attrs), Attrs: attrs };
  const named = (type === "oci" || type === "docker") && tags.length > 0 &&
    attrs.name === undefined;
  const Attrs = named ? { ...attrs, name: tags.join(",") } : attrs;
  return { Type: type, Attrs };
}
