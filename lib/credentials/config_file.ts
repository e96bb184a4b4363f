import { readCliConfig } from "../transport/docker_config.ts";
import type { Environment } from "../transport/environment.ts";
import { type AuthConfig, checkAuthConfig } from "./auth_config.ts";
import { CredentialError } from "./credential_error.ts";
import { askHelper } from "./helper.ts";
import { registryName, serverAddress } from "./registry_name.ts";

/**
 * An environment variable with logins in the form of the config file's `auths`;
 * it is read before the file.
 */
const ENV_CONFIG = "DOCKER_AUTH_CONFIG";

/** What is needed to read a login from the CLI's files. */
export interface ConfigLookup {
  /** The registry's normalized name. */
  readonly registry: string;
  /**
   * The environment, which may hold `DOCKER_CONFIG`, `DOCKER_AUTH_CONFIG` and
   * `HOME`.
   */
  readonly env: Environment;
  /** How long a credential helper may take, in milliseconds. */
  readonly helperTimeout: number;
  /** Aborts a helper. */
  readonly signal: AbortSignal;
}

/**
 * The login that docker's CLI would use: from `DOCKER_AUTH_CONFIG`; or, if
 * `config.json` names a helper for this registry (`credHelpers`) or for all
 * registries (`credsStore`), only from that helper; or from `auths`.
 *
 * @throws {CredentialError} If a file, a variable or a helper is broken.
 * @throws {Deno.errors.NotCapable} If Deno may not read or run what is needed.
 */
export async function loginFromConfig(
  lookup: ConfigLookup,
): Promise<AuthConfig | undefined> {
  const { registry, env } = lookup;
  const fromEnv = loginFromEnv(registry, env);
  if (fromEnv !== undefined) return fromEnv;
  const file = await readConfig(
    registry,
    `the login for "${registry}"`,
    env,
  );
  if (file === undefined) return undefined;
  const helper = helperFor(registry, file.fields);
  return helper === undefined
    ? loginFromAuths(registry, file.fields.auths, `"${file.path}"`)
    : await askHelper({
      helper,
      registry,
      address: serverAddress(registry),
      timeout: lookup.helperTimeout,
      signal: lookup.signal,
    });
}

/**
 * The normalized names of the registries that have a login or a helper of their
 * own in `DOCKER_AUTH_CONFIG` and `config.json`.
 *
 * @throws {CredentialError} If the file or the variable is broken.
 * @throws {Deno.errors.NotCapable} If Deno may not read what is needed.
 */
export async function registriesInConfig(env: Environment): Promise<string[]> {
  const what = "docker's logins";
  const { auths, credHelpers } = (await readConfig("", what, env))?.fields ??
    {};
  const keys = [envAuths("", what, env), auths, credHelpers].flatMap((map) =>
    typeof map === "object" && map !== null ? Object.keys(map) : []
  );
  const names = keys.map(registryName).filter((name) => name !== undefined);
  return [...new Set(names)];
}

async function readConfig(
  registry: string,
  what: string,
  env: Environment,
): ReturnType<typeof readCliConfig> {
  try {
    return await readCliConfig(env);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new CredentialError(
      registry,
      `Cannot fetch ${what}: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

function loginFromEnv(
  registry: string,
  env: Environment,
): AuthConfig | undefined {
  const auths = envAuths(registry, `the login for "${registry}"`, env);
  return loginFromAuths(registry, auths, ENV_CONFIG);
}

function envAuths(registry: string, what: string, env: Environment): unknown {
  const text = env.get(ENV_CONFIG);
  if (!text) return undefined;
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's error is not kept as cause: its message shows a piece of the
    // value.
    throw new CredentialError(
      registry,
      `Cannot fetch ${what}: the environment variable ${ENV_CONFIG} is not JSON`,
    );
  }
  return value?.auths;
}

/**
 * Name of the helper to ask: the one for this registry, or else the one for all
 * registries.
 */
function helperFor(
  registry: string,
  fields: Readonly<Record<string, unknown>>,
): string | undefined {
  const own = entryFor(registry, fields.credHelpers);
  // An empty name means that the helper for all registries is not used for this
  // one.
  const helper = own === undefined ? fields.credsStore : own[1];
  return typeof helper === "string" && helper !== "" ? helper : undefined;
}

function loginFromAuths(
  registry: string,
  auths: unknown,
  where: string,
): AuthConfig | undefined {
  const entry = entryFor(registry, auths);
  if (entry === undefined) return undefined;
  const [key, value] = entry;
  let login;
  try {
    login = checkAuthConfig(`the login for "${key}" in ${where}`, value);
  } catch (error) {
    throw new CredentialError(
      registry,
      (error as TypeError).message,
    );
  }
  // The registry is the entry's key; an address inside the entry is ignored.
  delete login.serveraddress;
  return login.password || login.identitytoken || login.registrytoken
    ? login
    : undefined;
}

/**
 * Finds the entry of a registry: under the address that docker's CLI writes, or
 * else the first one under another spelling of it.
 */
function entryFor(
  registry: string,
  map: unknown,
): [key: string, value: unknown] | undefined {
  if (typeof map !== "object" || map === null) return undefined;
  const entries = Object.entries(map);
  const address = serverAddress(registry);
  return entries.find(([key]) => key === address) ??
    entries.find(([key]) => registryName(key) === registry);
}
