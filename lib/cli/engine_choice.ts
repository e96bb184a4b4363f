import {
  defaultSockets,
  findDefaultSocket,
} from "../transport/default_sockets.ts";
import {
  endpointFromContext,
  endpointFromHost,
  readCliConfig,
} from "../transport/docker_config.ts";
import { type Endpoint, formatEndpoint } from "../transport/endpoint.ts";
import type { ParsedWords } from "./flag.ts";

/** An engine, and why it is the one. */
export interface ChosenEngine {
  /** Where it listens. */
  readonly endpoint: Endpoint;
  /** The same, in words. */
  readonly address: string;
  /** What named it. */
  readonly why: string;
}

/**
 * The engine that the commands speak with, found in the same order.
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
  const fromEnv = Deno.env.get("DOCKER_HOST");
  if (fromEnv) return await atHost(fromEnv, "by DOCKER_HOST");
  const named = Deno.env.get("DOCKER_CONTEXT");
  if (named) return await ofContext(named, "by DOCKER_CONTEXT");
  const config = await readCliConfig();
  const current = config?.fields.currentContext;
  return typeof current === "string" && current !== ""
    ? await ofContext(current, `the current one of ${config!.path}`)
    : await atDefault("neither DOCKER_HOST nor a context names one");
}

function chosen(endpoint: Endpoint, why: string): ChosenEngine {
  return { endpoint, address: formatEndpoint(endpoint), why };
}

async function atHost(host: string, why: string): Promise<ChosenEngine> {
  return chosen(await endpointFromHost(host), why);
}

async function ofContext(name: string, why: string): Promise<ChosenEngine> {
  if (name === "default") {
    return await atDefault(`docker context "default", ${why}`);
  }
  const endpoint = await endpointFromContext(name);
  return chosen(endpoint, `docker context "${name}", ${why}`);
}

async function atDefault(why: string): Promise<ChosenEngine> {
  const endpoint = await findDefaultSocket(defaultSockets());
  return chosen(endpoint, `the first default socket that answers: ${why}`);
}
