// What `create` makes of a builder's file (buildx, `builder.Create`).

import { formatPlatform, parsePlatform } from "../platforms/platform.ts";
import { BuilderError } from "./builder_error.ts";
import { checkNode, type DriverName, isDriver } from "./driver.ts";
import {
  type BuildxInstance,
  type BuildxNode,
  hasPassword,
} from "./instance.ts";
import { builderName } from "./name.ts";

/** What is asked for; see `docker buildx create`. */
export interface CreateRequest {
  /** Name of the builder. */
  readonly name: string;
  /** Its driver; the builder's own, or one that fits the endpoint, unless given. */
  readonly driver?: string | undefined;
  /** The node to make or to change; a free name unless given. */
  readonly node?: string | undefined;
  /** Platforms of the node, instead of those that its daemon names. */
  readonly platforms?: readonly string[];
  /** Options of the driver. */
  readonly driverOpts?: Readonly<Record<string, string>> | undefined;
  /** Flags of buildkitd. */
  readonly flags?: readonly string[] | undefined;
  /** Files of buildkitd's configuration. */
  readonly files?: Readonly<Record<string, Uint8Array>> | undefined;
  /** Whether that configuration lets builds use the machine's network. */
  readonly filesAllowHost?: boolean;
  /** Add a node to a builder that there is. */
  readonly append: boolean;
  /** The engine, or the daemon's address. */
  readonly endpoint?: string | undefined;
  /** The engine that docker's command would use. */
  readonly ownEngine: string;
  /** The value of BUILDKIT_HOST. */
  readonly buildkitHost?: string | undefined;
}

/** A builder with the node that was asked for. */
export interface Created {
  readonly instance: BuildxInstance;
  /** The name of the node. */
  readonly node: string;
  /** Whether the node was there, and its daemon runs with older settings. */
  readonly isChange: boolean;
}

/** The right to use the machine's network, which builds in a container lack. */
const HOST_ENTITLEMENT = "network.host";
const ENTITLEMENT_FLAG = "--allow-insecure-entitlement";

/** Addresses that the driver `remote` takes. */
const DAEMON_REGEXP = /^(?:docker-container|kube-pod|npipe|ssh|tcp|unix):\/\//;

/**
 * Makes a builder, or changes the one that there is.
 *
 * @param existing The builder of this name.
 * @throws {BuilderError} With buildx's words, if it can't be made so.
 */
export function createBuilder(
  request: CreateRequest,
  existing: BuildxInstance | undefined,
): Created {
  const { name, append, node } = request;
  const refuse = (why: string) => new BuilderError(name, why);
  const file = builderName(name);
  if (existing === undefined && append) {
    throw refuse(`failed to find instance "${name}" for append`);
  }
  const driver = driverFor(request, existing);
  if (existing !== undefined) {
    if (node === undefined && !append) {
      throw refuse(
        `existing instance for "${name}" but no append mode, specify the node name to make changes for existing instances`,
      );
    }
    if (driver !== existing.driver) {
      throw refuse(
        `existing instance for "${name}" but has mismatched driver "${existing.driver}"`,
      );
    }
    if (existing.dynamic) {
      throw refuse("dynamic node group does not support Update");
    }
  }
  const nodes = existing?.nodes ?? [];
  const at = nodes.findIndex((each) => each.name === node);
  if (at === -1 && !append && nodes.length > 0) {
    throw refuse(`node ${node} not found, did you mean to append?`);
  }
  const made = at === -1
    ? newNode(request, driver, freeName(file, nodes, node))
    : changedNode(request, driver, nodes[at]!);
  checkNode(name, driver, made);
  const own = new Set((made.platforms ?? []).map(formatPlatform));
  const others = nodes.map((each, i) =>
    i === at ? made : {
      ...each,
      // A platform belongs to the node that it was named for last.
      platforms: (each.platforms ?? []).filter((platform) =>
        !own.has(formatPlatform(platform))
      ),
    }
  );
  if (hasPassword(made.endpoint)) {
    throw refuse(
      `Cannot create builder "${name}": a password in an address ends up in logs; use keys or certificates`,
    );
  }
  const all = at === -1 ? [...others, made] : others;
  if (all.filter(({ endpoint }) => endpoint === made.endpoint).length > 1) {
    throw refuse(`invalid duplicate endpoint ${made.endpoint}`);
  }
  return {
    instance: {
      name: existing?.name ?? name,
      driver,
      nodes: all,
      dynamic: false,
    },
    node: made.name,
    isChange: at !== -1,
  };
}

/**
 * Takes a node out of a builder.
 *
 * @throws {BuilderError} If it is not there, or is the last one.
 */
export function leaveBuilder(
  instance: BuildxInstance,
  node: string,
): BuildxInstance {
  const { name, nodes, dynamic } = instance;
  const refuse = (why: string) => new BuilderError(name, why);
  if (dynamic) throw refuse("dynamic node group does not support Leave");
  const left = nodes.filter((each) => each.name !== node);
  if (left.length === nodes.length) {
    throw refuse(`node "${node}" not found for ${name}`);
  }
  if (left.length === 0) {
    throw refuse(
      "can not leave last node, do you want to rm instance instead?",
    );
  }
  return { ...instance, nodes: left };
}

function driverFor(
  { name, driver, endpoint, buildkitHost }: CreateRequest,
  existing: BuildxInstance | undefined,
): DriverName {
  const chosen = driver ?? existing?.driver ??
    (DAEMON_REGEXP.test(endpoint ?? buildkitHost ?? "")
      ? "remote"
      : "docker-container");
  if (!isDriver(chosen)) {
    throw new BuilderError(
      name,
      `failed to find driver "${chosen}"`,
    );
  }
  if (chosen === "docker") {
    throw new BuilderError(
      name,
      `additional instances of driver "docker" cannot be created`,
    );
  }
  if (chosen === "kubernetes") {
    throw new BuilderError(
      name,
      `Cannot create builder "${name}" with the driver kubernetes: "docker buildx create" does it, and davit builds with what it made`,
    );
  }
  return chosen;
}

function endpointFor(
  { name, endpoint, buildkitHost, ownEngine }: CreateRequest,
  driver: DriverName,
): string {
  if (driver !== "remote") {
    return endpoint === undefined || endpoint === "default"
      ? ownEngine
      : endpoint;
  }
  const address = endpoint ?? buildkitHost;
  if (address === undefined) {
    throw new BuilderError(
      name,
      "no remote endpoint provided: name the daemon's address, such as unix:///run/buildkit/buildkitd.sock",
    );
  }
  if (!DAEMON_REGEXP.test(address)) {
    const scheme = address.replace(/:.*/s, "");
    throw new BuilderError(
      name,
      `unrecognized url scheme ${scheme}: take unix://, tcp://, ssh://, docker-container:// or kube-pod://`,
    );
  }
  return address;
}

function newNode(
  request: CreateRequest,
  driver: DriverName,
  name: string,
): BuildxNode {
  return {
    name,
    endpoint: endpointFor(request, driver),
    platforms: platformsOf(request),
    driverOpts: request.driverOpts,
    flags: flagsFor(request, driver),
    files: request.files,
  };
}

function changedNode(
  request: CreateRequest,
  driver: DriverName,
  node: BuildxNode,
): BuildxNode {
  const { endpoint, driverOpts, files } = request;
  return {
    name: node.name,
    // An address in the environment is no change that was asked for here.
    endpoint: endpoint === undefined
      ? node.endpoint
      : endpointFor(request, driver),
    platforms: platformsOf(request) ?? node.platforms,
    driverOpts: driverOpts ?? node.driverOpts,
    // buildx drops the node's own where none are given.
    flags: request.flags === undefined ? node.flags : flagsFor(request, driver),
    files: files === undefined ? node.files : { ...node.files, ...files },
  };
}

function platformsOf(
  { name, platforms = [] }: CreateRequest,
): BuildxNode["platforms"] {
  if (platforms.length === 0) return undefined;
  try {
    return platforms.flatMap((text) => text.split(",")).map(parsePlatform);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new BuilderError(name, error.message, { cause: error });
  }
}

/** With the right to use the network of its container, unless rights are named. */
function flagsFor(
  { flags, driverOpts, filesAllowHost = false }: CreateRequest,
  driver: DriverName,
): readonly string[] | undefined {
  if (driver !== "docker-container") return flags;
  const given = entitlementsIn(flags ?? []);
  const needed = driverOpts?.network === "host"
    ? !given.includes(HOST_ENTITLEMENT)
    : given.length === 0 && !filesAllowHost;
  return needed
    ? [...flags ?? [], `${ENTITLEMENT_FLAG}=${HOST_ENTITLEMENT}`]
    : flags;
}

function entitlementsIn(flags: readonly string[]): string[] {
  return flags.flatMap((flag, i) =>
    flag === ENTITLEMENT_FLAG
      ? flags.slice(i + 1, i + 2)
      : flag.startsWith(`${ENTITLEMENT_FLAG}=`)
      ? [flag.slice(ENTITLEMENT_FLAG.length + 1)]
      : []
  );
}

function freeName(
  builder: string,
  nodes: readonly BuildxNode[],
  given: string | undefined,
): string {
  if (given !== undefined) return builderName(given);
  let number = 0;
  while (nodes.some(({ name }) => name === `${builder}${number}`)) number++;
  return `${builder}${number}`;
}
