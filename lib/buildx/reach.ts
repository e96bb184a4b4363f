// How the daemon of a builder's node is reached.

import { Engine } from "../engine/engine.ts";
import { connectEndpoint } from "../transport/connect.ts";
import { contextNames } from "../transport/context_names.ts";
import {
  endpointFromContext,
  endpointFromHost,
  isDefaultContext,
} from "../transport/docker_config.ts";
import type { Environment } from "../transport/environment.ts";
import { type OnSilence, withSilence } from "../transport/silence.ts";
import { BuilderError } from "./builder_error.ts";
import { containerName, containerStatus, startNode } from "./container.ts";
import { driverOf } from "./driver.ts";
import type { BuildxInstance, BuildxNode } from "./instance.ts";
import { runningPods } from "./pods.ts";

/** Where a daemon is, for `Builder.fromAddress`. */
export interface NodeAddress {
  /** The daemon's address. */
  readonly address: string;
  /** Paths of certificates, and the name in the daemon's own. */
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly serverName?: string;
  };
  /** The engine that runs its container. */
  readonly dockerHost?: string;
  /** Whether it was started just now, and may need a moment to listen. */
  readonly isStarting: boolean;
}

/** How a node is looked for. */
export interface ReachOptions {
  /** Names the folder of docker's command, and the engine of its default context. */
  readonly env?: Environment;
  /** The engine of the default context, where a flag names it. */
  readonly host?: string | undefined;
  /** Told in a few words of each thing that is done. */
  readonly tell?: (what: string) => void;
  /** Told when an engine does not answer for a while. */
  readonly onSilence?: OnSilence | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where the daemon of a node is. A container that is stopped is started; one that
 * is missing is not made.
 *
 * @throws {BuilderError} If the node is not there.
 * @throws {ConnectionError} If its engine can't be reached.
 */
export async function reachNode(
  builder: BuildxInstance,
  node: BuildxNode,
  options: ReachOptions = {},
): Promise<NodeAddress> {
  switch (driverOf(builder)) {
    case "docker":
      throw new BuilderError(
        builder.name,
        `Cannot use builder "${builder.name}" by an address: a docker engine builds there itself`,
      );
    case "remote":
      return remote(node);
    case "docker-container":
      return await container(builder, node, options);
    case "kubernetes":
      return await pod(builder, node, options);
  }
}

/**
 * The engine that a node names: by a docker context, or by an address.
 *
 * @throws {TypeError} If it is neither.
 */
export async function engineOf(
  { endpoint }: Pick<BuildxNode, "endpoint">,
  { env = Deno.env, host, onSilence }: Pick<
    ReachOptions,
    "env" | "host" | "onSilence"
  >,
): Promise<Engine> {
  const address = await isContextName(endpoint, env)
    ? isDefaultContext(endpoint) ? host ?? env.get("DOCKER_HOST") : undefined
    : endpoint;
  const transport = await connectEndpoint(
    address
      ? await endpointFromHost(address, env)
      : await endpointFromContext(endpoint, env),
  );
  return new Engine(
    onSilence === undefined ? transport : withSilence(transport, onSilence),
  );
}

async function isContextName(
  endpoint: string,
  env: Environment,
): Promise<boolean> {
  return (await contextNames(env)).includes(endpoint);
}

/** Closes an engine with its connections. */
export async function closeEngine(engine: Engine): Promise<void> {
  engine.close();
  await engine.transport.close();
}

function remote({ endpoint, driverOpts = {} }: BuildxNode): NodeAddress {
  const { cacert, cert, key, servername } = driverOpts;
  const tls = {
    ...(cacert === undefined ? {} : { ca: cacert }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { serverName: servername }),
  };
  return {
    address: endpoint,
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    isStarting: false,
  };
}

async function container(
  { name }: BuildxInstance,
  node: BuildxNode,
  options: ReachOptions,
): Promise<NodeAddress> {
  const { env = Deno.env, tell, signal } = options;
  const engine = await engineOf(node, options);
  let isStarting = false;
  try {
    const status = await containerStatus(engine, node, signal);
    if (status === "inactive") {
      throw new BuilderError(
        name,
        `Cannot use builder "${name}": there is no container ${
          containerName(node)
        } at ${engine.where}; "davit builder create --name ${name} --node ${node.name}" makes it`,
      );
    }
    if (status === "stopped") {
      await startNode(engine, node, { ...(tell && { tell }), signal });
      isStarting = true;
    }
  } finally {
    await closeEngine(engine);
  }
  const address = `docker-container://${containerName(node)}`;
  return await isContextName(node.endpoint, env)
    ? {
      address: `${address}?${new URLSearchParams({ context: node.endpoint })}`,
      isStarting,
    }
    : { address, dockerHost: node.endpoint, isStarting };
}

async function pod(
  { name }: BuildxInstance,
  node: BuildxNode,
  { env = Deno.env, signal }: ReachOptions,
): Promise<NodeAddress> {
  const config = URL.parse(node.endpoint)?.searchParams.get("kubeconfig");
  if (config && config !== env.get("KUBECONFIG")) {
    throw new BuilderError(
      name,
      `Cannot use builder "${name}": it was made with KUBECONFIG=${config}; set the variable so`,
    );
  }
  const pods = await runningPods(name, node, signal);
  // "sticky" means that one context goes to one pod, which the first one fulfils.
  const isRandom = node.driverOpts?.loadbalance === "random";
  const chosen = pods[isRandom ? Math.floor(Math.random() * pods.length) : 0];
  if (chosen === undefined) {
    throw new BuilderError(
      name,
      `Cannot use builder "${name}": no pod of its deployment runs; "docker buildx inspect --bootstrap ${name}" makes it`,
    );
  }
  const query = new URLSearchParams({
    namespace: chosen.namespace,
    container: chosen.container,
  });
  return {
    address: `kube-pod://${chosen.name}?${query}`,
    isStarting: false,
  };
}
