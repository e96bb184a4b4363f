// The daemons of buildx's builders, as builders and as what `ls` shows of them.

import { openControl } from "../buildkit/control.ts";
import type { Worker } from "../buildkit/worker.ts";
import { buildkitOf } from "../buildkit/engine_host.ts";
import type { BuildkitHost } from "../buildkit/host.ts";
import { BuilderError } from "../buildx/builder_error.ts";
import { containerStatus, type NodeStatus } from "../buildx/container.ts";
import { driverOf } from "../buildx/driver.ts";
import type { BuildxInstance, BuildxNode } from "../buildx/instance.ts";
import {
  type BuilderPod,
  type Deployment,
  deploymentOf,
} from "../buildx/pods.ts";
import {
  closeEngine,
  engineOf,
  type NodeAddress,
  reachNode,
  type ReachOptions,
} from "../buildx/reach.ts";
import { ConnectionError } from "../errors.ts";
import { openDaemon } from "./open_daemon.ts";

/** How often a daemon that was just started is asked whether it is ready. */
const MAX_TRIES = 15;

/** How much longer each wait between two of these questions is, in milliseconds. */
const TRY_STEP_MS = 120;

/** A node of a builder, and where its daemon is. */
export interface AddressedNode extends NodeAddress {
  readonly name: string;
}

/**
 * Finds the daemons of a builder, and waits until those are ready that had to be
 * started.
 *
 * @throws {BuilderError} If one is not there.
 * @throws {ConnectionError} If its engine can't be reached, or it does not get
 * ready.
 */
export async function addressNodes(
  builder: BuildxInstance,
  options: ReachOptions & {
    /** Whether all were started just now, and may need a moment. */
    readonly isStarting?: boolean;
  } = {},
): Promise<readonly AddressedNode[]> {
  return await Promise.all(builder.nodes.map(async (node) => {
    const found = await reachNode(builder, node, options);
    if (found.isStarting || options.isStarting) {
      await waitUntilReady(builder, found, options);
    }
    return { ...found, name: node.name };
  }));
}

/** Asks a daemon until it answers; the last failure is the error. */
async function waitUntilReady(
  { name }: BuildxInstance,
  address: NodeAddress,
  { signal = new AbortController().signal }: ReachOptions,
): Promise<void> {
  const daemon = await openAt(name, address);
  try {
    for (let tries = 1;; tries++) {
      try {
        await using control = await openControl(daemon, { signal });
        await control.workers({ signal });
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (tries >= MAX_TRIES || !(error instanceof ConnectionError)) {
          throw error;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, tries * TRY_STEP_MS));
    }
  } finally {
    await daemon.close();
  }
}

/** What is known of a node. */
export interface NodeState {
  readonly node: BuildxNode;
  /** Whether its daemon runs; undefined if that could not be found out. */
  readonly status: NodeStatus | undefined;
  /** Why not. */
  readonly error: Error | undefined;
  /** Why a daemon somewhere else counts as inactive: it could not be reached. */
  readonly unreached?: ConnectionError | undefined;
  /** BuildKit's version; undefined where it does not tell. */
  readonly version: string | undefined;
  /** What runs its builds; none while the daemon does not run. */
  readonly workers: readonly Worker[];
  /** The pods of its deployment that run, with the driver kubernetes. */
  readonly pods?: readonly BuilderPod[];
}

/**
 * Asks what a builder's node is doing. Nothing is started; a failure is a part of
 * the answer.
 */
export async function nodeState(
  builder: BuildxInstance,
  node: BuildxNode,
  options: ReachOptions & { readonly signal: AbortSignal },
): Promise<NodeState> {
  let state: NodeState = {
    node,
    status: undefined,
    error: undefined,
    version: undefined,
    workers: [],
  };
  try {
    const driver = driverOf(builder);
    if (driver === "docker") return await engineState(node, options);
    const { status, pods } = await statusOf(builder, node, options);
    state = { ...state, ...pods && { pods } };
    if (status !== "running") return { ...state, status };
    const daemon = await openAt(
      builder.name,
      await reachNode(builder, node, options),
    );
    try {
      return { ...state, status, ...await ask(daemon, options.signal) };
    } catch (error) {
      // A daemon somewhere else is not known to run before it answers.
      if (driver === "remote" && error instanceof ConnectionError) {
        return { ...state, status: "inactive", unreached: error };
      }
      throw error;
    } finally {
      await daemon.close();
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { ...state, error };
  }
}

async function engineState(
  node: BuildxNode,
  options: ReachOptions & { readonly signal: AbortSignal },
): Promise<NodeState> {
  const engine = await engineOf(node, options);
  try {
    return {
      node,
      status: "running",
      error: undefined,
      ...await ask(buildkitOf(engine), options.signal),
    };
  } finally {
    await closeEngine(engine);
  }
}

async function statusOf(
  builder: BuildxInstance,
  node: BuildxNode,
  options: ReachOptions,
): Promise<Pick<Deployment, "status"> & Partial<Deployment>> {
  const { signal } = options;
  switch (driverOf(builder)) {
    case "kubernetes":
      return await deploymentOf(builder.name, node, signal);
    case "docker-container": {
      const engine = await engineOf(node, options);
      try {
        return { status: await containerStatus(engine, node, signal) };
      } finally {
        await closeEngine(engine);
      }
    }
    default:
      return { status: "running" };
  }
}

async function ask(
  host: BuildkitHost,
  signal: AbortSignal,
): Promise<Pick<NodeState, "version" | "workers">> {
  await using control = await openControl(host, { signal });
  const workers = await control.workers({ signal });
  return { workers, version: await control.version({ signal }) };
}

/** Opens a daemon; what is wrong with its certificates names the builder. */
async function openAt(
  builder: string,
  { address, tls, dockerHost }: NodeAddress,
) {
  try {
    return await openDaemon(address, { tls, dockerHost });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new BuilderError(
      builder,
      `Cannot use builder "${builder}": ${cause.message}`,
      { cause },
    );
  }
}
