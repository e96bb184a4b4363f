// The driver `docker-container`: buildkitd in a container of a docker engine,
// made as buildx makes it.

import { parseSize } from "../gotext/size.ts";
import { contextEntry } from "../context/entry.ts";
import { tarEnd, tarHeader, tarPadding } from "../context/tar_header.ts";
import {
  containerCreate,
  containerInspect,
  containerRemove,
  containerStart,
  containerStop,
  containerUnpack,
  volumeRemove,
} from "../engine/containers.ts";
import type { Engine } from "../engine/engine.ts";
import { imageInspect } from "../engine/image_inspect.ts";
import { info } from "../engine/info.ts";
import { EngineError } from "../errors.ts";
import { concatBytes } from "../streams/bytes.ts";
import type { BuildxNode } from "./instance.ts";

/** The image of buildkitd, unless the option `image` names one. */
export const BUILDKIT_IMAGE = "moby/buildkit:buildx-stable-1";

/** Where buildkitd has its cache, in the container. */
const STATE_FOLDER = "/var/lib/buildkit";

/** Where it has its configuration there. */
const CONFIG_PARENT = "/etc";
const CONFIG_FOLDER = "buildkit";
const CONFIG_FILE = "buildkitd.toml";

/** Holds all builders of an engine, so that limits can be set for them. */
const CGROUP = "/docker/buildx";

const RESTART = "unless-stopped";

/** What a node's daemon is doing, in buildx's words. */
export type NodeStatus = "inactive" | "running" | "stopped";

/** What is needed to make a container. */
export interface ContainerOptions {
  /** Fetches an image; its failure counts only if the engine does not have it. */
  readonly pull: (image: string) => Promise<void>;
  /** Told in a few words of each thing that is done. */
  readonly tell?: (what: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The name of a node's container. */
export function containerName({ name }: Pick<BuildxNode, "name">): string {
  return `buildx_buildkit_${name}`;
}

/** Whether a node's container runs, or is there at all. */
export async function containerStatus(
  engine: Engine,
  node: BuildxNode,
  signal?: AbortSignal,
): Promise<NodeStatus> {
  const found = await containerInspect(engine, containerName(node), signal);
  return found === undefined
    ? "inactive"
    : found.State.Running
    ? "running"
    : "stopped";
}

/** Starts a node's container, which is there. */
export async function startNode(
  engine: Engine,
  node: BuildxNode,
  { tell, signal }: Pick<ContainerOptions, "tell" | "signal">,
): Promise<void> {
  tell?.(`starting container ${containerName(node)}`);
  await containerStart(engine, containerName(node), signal);
}

/**
 * Makes a node's container, and starts it.
 *
 * @throws {EngineError} If the engine refuses it.
 */
export async function createNode(
  engine: Engine,
  node: BuildxNode,
  options: ContainerOptions,
): Promise<void> {
  const { tell, signal } = options;
  const name = containerName(node);
  const image = node.driverOpts?.image || BUILDKIT_IMAGE;
  await fetchImage(engine, image, options);
  const { CgroupDriver, SecurityOptions = [] } = await info(engine, signal);
  tell?.(`creating container ${name}`);
  await containerCreate(engine, name, {
    Image: image,
    Env: variablesOf(node),
    Cmd: commandOf(node),
    HostConfig: {
      ...hostConfig(node),
      ...(CgroupDriver === "cgroupfs"
        ? { CgroupParent: node.driverOpts?.["cgroup-parent"] || CGROUP }
        : {}),
      ...(SecurityOptions.some((option) => /\bname=userns\b/.test(option))
        ? { UsernsMode: "host" }
        : {}),
    },
  }, signal);
  const { files = {} } = node;
  if (Object.keys(files).length > 0) {
    const tar = configTar(files);
    await containerUnpack(engine, name, CONFIG_PARENT, tar, signal);
  }
  await startNode(engine, node, options);
}

/**
 * Stops and removes a node's container.
 *
 * @param keepState Whether the volume with its cache stays.
 */
export async function removeNode(
  engine: Engine,
  node: BuildxNode,
  keepState: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const name = containerName(node);
  const found = await containerInspect(engine, name, signal);
  if (found === undefined) return;
  if (found.State.Running) await containerStop(engine, name, signal);
  await containerRemove(engine, name, signal);
  const isOwn = (found.Mounts ?? []).some(({ Name }) => Name === volume(node));
  if (isOwn && !keepState) await volumeRemove(engine, volume(node), signal);
}

function volume(node: BuildxNode): string {
  return `${containerName(node)}_state`;
}

/** An image that can't be fetched is used as it is on the engine. */
async function fetchImage(
  engine: Engine,
  image: string,
  { pull, tell, signal }: ContainerOptions,
): Promise<void> {
  tell?.(`pulling image ${image}`);
  let failure: unknown;
  try {
    await pull(image);
  } catch (error) {
    signal?.throwIfAborted();
    failure = error;
  }
  if (failure === undefined) return;
  try {
    await imageInspect(engine, image, signal);
  } catch (error) {
    if (error instanceof EngineError && error.status === 404) throw failure;
    throw error;
  }
  tell?.(`using local image ${image}`);
}

function variablesOf({ driverOpts = {} }: BuildxNode): string[] {
  return Object.entries(driverOpts).flatMap(([key, value]) =>
    key.startsWith("env.") ? [`${key.slice("env.".length)}=${value}`] : []
  );
}

function commandOf({ flags = [], files = {} }: BuildxNode): string[] {
  const config = `${CONFIG_PARENT}/${CONFIG_FOLDER}/${CONFIG_FILE}`;
  // First, so that a user's own --config counts.
  return Object.hasOwn(files, CONFIG_FILE)
    ? ["--config", config, ...flags]
    : [...flags];
}

/** What the options say of the container. */
function hostConfig(node: BuildxNode): object {
  const options = node.driverOpts ?? {};
  const [policy, retries] = (options["restart-policy"] ?? RESTART).split(":");
  const numbers = {
    CpuQuota: options["cpu-quota"],
    CpuPeriod: options["cpu-period"],
    CpuShares: options["cpu-shares"],
  };
  return {
    Privileged: true,
    Init: true,
    RestartPolicy: {
      Name: policy,
      MaximumRetryCount: Number(retries ?? 0),
    },
    Mounts: [{ Type: "volume", Source: volume(node), Target: STATE_FOLDER }],
    ...(options.network ? { NetworkMode: options.network } : {}),
    ...sized("Memory", options.memory),
    ...sized("MemorySwap", options["memory-swap"]),
    ...Object.fromEntries(
      Object.entries(numbers).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, Number(value)]]
      ),
    ),
    ...(options["cpuset-cpus"] ? { CpusetCpus: options["cpuset-cpus"] } : {}),
    ...(options["cpuset-mems"] ? { CpusetMems: options["cpuset-mems"] } : {}),
  };
}

/** A size as docker reads it; -1 is no limit. */
function sized(name: string, text: string | undefined): object {
  if (!text) return {};
  return { [name]: text === "-1" ? -1 : parseSize(text) };
}

/** Files of the configuration, in their folders, as a tar. */
function configTar(
  files: Readonly<Record<string, Uint8Array>>,
): Uint8Array<ArrayBuffer> {
  const folders = new Set<string>([CONFIG_FOLDER]);
  for (const path of Object.keys(files)) {
    const parts = path.split("/");
    for (let i = 1; i < parts.length; i++) {
      folders.add([CONFIG_FOLDER, ...parts.slice(0, i)].join("/"));
    }
  }
  const parts: Uint8Array[] = [...folders].sort().map((path) =>
    tarHeader(contextEntry({ path, type: "directory", mode: 0o755 }), 0)
  );
  for (const [path, bytes] of Object.entries(files)) {
    const file = contextEntry({
      path: `${CONFIG_FOLDER}/${path}`,
      type: "file",
      mode: 0o644,
      size: bytes.length,
    });
    parts.push(tarHeader(file, 0), bytes);
    parts.push(tarPadding(bytes.length));
  }
  parts.push(tarEnd());
  return parts.reduce<Uint8Array<ArrayBuffer>>(concatBytes, new Uint8Array());
}
