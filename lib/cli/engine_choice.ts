import {
  defaultSockets,
  findDefaultSocket,
} from "../transport/default_sockets.ts";
import {
  endpointFromContext,
  endpointFromHost,
  isDefaultContext,
  namedEngine,
} from "../transport/docker_config.ts";
import { type Endpoint, formatEndpoint } from "../transport/endpoint.ts";
import type { ParsedWords } from "./flag.ts";

/** The chosen engine, and the reason for the choice. */
export interface ChosenEngine {
  /** Where it listens. */
  readonly endpoint: Endpoint;
  /** The same address as text. */
  readonly address: string;
  /** What named this engine: a flag, a variable, a context or the default. */
  readonly why: string;
  /** What was wrong with default sockets that come before it. */
  readonly passedOver: readonly string[];
}

/**
 * Chooses the engine that the commands speak with.
 *
 * @throws {ConnectionError} If there is none.
 * @throws {TypeError} If an address or a context can't be used.
 */
export async function chooseEngine(
  parsed: ParsedWords,
): Promise<ChosenEngine> {
  const host = parsed.text("host");
  if (host !== undefined) return await atHost(host, "by --host");
  const context = parsed.text("context");
  if (context !== undefined) return await ofContext(context, "by --context");
  const named = await namedEngine();
  switch (named.by) {
    case "DOCKER_HOST":
      return await atHost(named.host, "by DOCKER_HOST");
    case "DOCKER_CONTEXT":
      return await ofContext(named.context, "by DOCKER_CONTEXT");
    case "config":
      return await ofContext(named.context, `the current one of ${named.path}`);
    case "nothing":
      return await atDefault("neither DOCKER_HOST nor a context names one");
  }
}

async function atHost(host: string, why: string): Promise<ChosenEngine> {
  return chosen(await endpointFromHost(host), why);
}

async function ofContext(name: string, why: string): Promise<ChosenEngine> {
  const words = `docker context "${name}", ${why}`;
  if (isDefaultContext(name)) return await atDefault(words);
  return chosen(await endpointFromContext(name), words);
}

async function atDefault(why: string): Promise<ChosenEngine> {
  const { endpoint, of, passedOver } = await findDefaultSocket(
    defaultSockets(),
  );
  return chosen(
    endpoint,
    `the first default socket that answers (${of}): ${why}`,
    passedOver,
  );
}

function chosen(
  endpoint: Endpoint,
  why: string,
  passedOver: readonly string[] = [],
): ChosenEngine {
  return { endpoint, address: formatEndpoint(endpoint), why, passedOver };
}
