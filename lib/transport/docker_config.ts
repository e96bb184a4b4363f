// @ts-types="../std/hex.d.ts"
import { encodeHex } from "@std/encoding/hex";
import { defaultSockets, findDefaultSocket } from "./default_sockets.ts";
import {
  type Endpoint,
  parseEndpoint,
  type TlsFiles,
  withScheme,
} from "./endpoint.ts";
import type { Environment } from "./environment.ts";
import { UnsupportedError } from "../errors.ts";

/** The context that stands for the environment and the default sockets. */
const DEFAULT_CONTEXT = "default";

/** What names an engine: an address, a context, or nothing; and where that stands. */
export type NamedEngine =
  | { readonly by: "DOCKER_HOST"; readonly host: string }
  | { readonly by: "DOCKER_CONTEXT"; readonly context: string }
  | {
    readonly by: "config";
    readonly context: string;
    /** Path of the file. */
    readonly path: string;
  }
  | { readonly by: "nothing" };

/**
 * Finds what names the engine that docker's CLI would use: `DOCKER_HOST`, then
 * `DOCKER_CONTEXT`, then the current context of `config.json`. Nothing that a
 * higher step makes needless is read, so a program that sets `DOCKER_HOST`
 * needs no permission for the rest.
 */
export async function namedEngine(
  env: Environment = Deno.env,
): Promise<NamedEngine> {
  const host = env.get("DOCKER_HOST");
  if (host) return { by: "DOCKER_HOST", host };
  const context = env.get("DOCKER_CONTEXT");
  if (context) return { by: "DOCKER_CONTEXT", context };
  const config = await readCliConfig(env);
  const current = config?.fields.currentContext;
  return config !== undefined && typeof current === "string" && current !== ""
    ? { by: "config", context: current, path: config.path }
    : { by: "nothing" };
}

/**
 * The engine that docker's CLI would use, as far as it is named.
 *
 * @returns undefined when the default sockets are meant.
 * @throws {TypeError} If an address has no known form.
 */
export async function endpointFromDockerConfig(
  env: Environment = Deno.env,
): Promise<Endpoint | undefined> {
  const named = await namedEngine(env);
  if (named.by === "DOCKER_HOST") {
    return await endpointFromHost(named.host, env);
  }
  return named.by === "nothing" || isDefaultContext(named.context)
    ? undefined
    : await endpointFromContext(named.context, env);
}

/**
 * The engine that docker's CLI would use, else the first of the default sockets
 * that answers.
 *
 * @throws {ConnectionError} If there is no engine to be found.
 * @throws {TypeError} If an address has no known form.
 */
export async function findEndpoint(
  env: Environment = Deno.env,
): Promise<Endpoint> {
  return await endpointFromDockerConfig(env) ??
    await findDefaultSocket(defaultSockets(env));
}

/** Whether a context stands for the default sockets. */
export function isDefaultContext(name: string): boolean {
  return name === DEFAULT_CONTEXT;
}

/** Parses an address and adds the certificates of the environment where TLS wants them. */
export async function endpointFromHost(
  given: string,
  env: Environment = Deno.env,
): Promise<Endpoint> {
  const host = withScheme(given);
  if (!/^(tcp|https):/i.test(host)) return parseEndpoint(host);
  const verify = env.get("DOCKER_TLS_VERIFY");
  if (!verify) {
    if (env.get("DOCKER_TLS")) {
      throw unverified(
        "DOCKER_TLS without DOCKER_TLS_VERIFY",
        "set DOCKER_TLS_VERIFY=1, with the engine's authority as ca.pem in the folder DOCKER_CERT_PATH",
      );
    }
    if (/^tcp:/i.test(host)) return parseEndpoint(host);
  }
  const folder = env.get("DOCKER_CERT_PATH");
  // `https://` alone means the system's certificate authorities.
  if (!folder && !verify) return parseEndpoint(host, {});
  return parseEndpoint(host, await readTls(folder || configFolder(env)));
}

/**
 * Reads a context as `docker context create` stores it: its metadata lies in
 * `contexts/meta/<SHA-256 of the name>/meta.json`, its certificates in
 * `contexts/tls/<the same>/docker/`. The default one means the first of the
 * default sockets that answers.
 *
 * @throws {ConnectionError} If none of them does.
 * @throws {TypeError} If there is no such context, or it has no engine.
 */
export async function endpointFromContext(
  name: string,
  env: Environment = Deno.env,
): Promise<Endpoint> {
  if (isDefaultContext(name)) {
    return await findDefaultSocket(defaultSockets(env));
  }
  const folder = configFolder(env);
  const digest = encodeHex(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name)),
  );
  const path = `${folder}/contexts/meta/${digest}/meta.json`;
  const text = await readIfThere(path);
  if (text === undefined) {
    throw new TypeError(
      `Cannot use docker context "${name}": no such context in "${folder}"; "docker context ls" shows those that exist`,
    );
  }
  const engine = parseJson(path, text)?.Endpoints?.docker;
  if (typeof engine?.Host !== "string" || engine.Host === "") {
    throw new TypeError(
      `Cannot use docker context "${name}": it names no engine`,
    );
  }
  if (engine.SkipTLSVerify === true) {
    throw unverified(
      `docker context "${name}"`,
      `give the context the engine's authority (docker context update ${name} --docker "host=${engine.Host},ca=ca.pem")`,
    );
  }
  const tls = await readTls(`${folder}/contexts/tls/${digest}/docker`);
  const found = Object.keys(tls).length > 0;
  return parseEndpoint(engine.Host, found ? tls : undefined);
}

/** The CLI's folder: `DOCKER_CONFIG`, else `.docker` in the home folder. */
export function configFolder(env: Environment = Deno.env): string {
  const folder = env.get("DOCKER_CONFIG");
  if (folder) return folder.replace(/(.)\/+$/, "$1");
  const home = env.get("HOME") ?? env.get("USERPROFILE");
  if (home) return `${home}/.docker`;
  throw new TypeError(
    "Cannot find docker's configuration: neither DOCKER_CONFIG nor HOME is set",
  );
}

/** The CLI's `config.json`; of no field is more known than that it was read. */
export interface CliConfig {
  /** Where it lies. */
  readonly path: string;
  /** Its fields; none if the file holds something that is no object. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Reads the CLI's `config.json`, which holds logins: no part of it is ever in
 * an error.
 *
 * @returns undefined if there is none, or no home that it could be in.
 * @throws {TypeError} If it is not JSON.
 */
export async function readCliConfig(
  env: Environment = Deno.env,
): Promise<CliConfig | undefined> {
  if (
    !env.get("DOCKER_CONFIG") && !env.get("HOME") && !env.get("USERPROFILE")
  ) {
    return undefined; // a service without a home
  }
  const path = `${configFolder(env)}/config.json`;
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  // Docker's CLI takes an empty file for one without fields.
  const fields = text.trim() === "" ? {} : parseJson(path, text);
  return {
    path,
    fields: typeof fields === "object" && fields !== null ? fields : {},
  };
}

async function readTls(folder: string): Promise<TlsFiles> {
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((name) =>
      readIfThere(`${folder}/${name}`)
    ),
  );
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

// deno-lint-ignore no-explicit-any -- a foreign file: each field is checked where it is used
function parseJson(path: string, text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    // No cause: its message shows a piece of the file, and that may be a login.
    throw new TypeError(`Cannot read "${path}": it is not JSON`);
  }
}

function unverified(where: string, instead: string): UnsupportedError {
  return new UnsupportedError(
    "TLS without verification",
    `${where} asks for TLS without a check of the engine's certificate: whoever stands between could take the secrets, so davit does not do it; ${instead}`,
  );
}
