import {
  type Endpoint,
  parseEndpoint,
  type TlsFiles,
  withScheme,
} from "./endpoint.ts";
import type { Environment } from "./environment.ts";
import { ConnectionError, UnsupportedError } from "../errors.ts";
import { sha256 } from "../streams/sha256.ts";

/**
 * The name of the context that uses the environment and the default sockets.
 */
const DEFAULT_CONTEXT = "default";

/**
 * How the engine is named: by an address, by a context, or not at all; and by
 * which setting.
 */
export type NamedEngine =
  | { readonly by: "DOCKER_HOST"; readonly host: string }
  | { readonly by: "DOCKER_CONTEXT"; readonly context: string }
  | {
    readonly by: "config";
    readonly context: string;
    /** Path of the configuration file. */
    readonly path: string;
  }
  | { readonly by: "nothing" };

/**
 * Finds the setting that names the engine for docker's CLI: `DOCKER_HOST`, then
 * `DOCKER_CONTEXT`, then the current context in `config.json`. It stops reading
 * at the first one that is set, so a program with `DOCKER_HOST` needs no
 * permission for the others.
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
 * The endpoint that docker's CLI would use, if a setting names one.
 *
 * @returns undefined for the default sockets.
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
 * The endpoint that docker's CLI would use; if no setting names one, the first
 * of the default sockets that answers.
 *
 * @throws {ConnectionError} If no engine is found.
 * @throws {TypeError} If an address has no known form.
 */
export async function findEndpoint(
  env: Environment = Deno.env,
): Promise<Endpoint> {
  return await endpointFromDockerConfig(env) ??
    await endpointOfDefaultSocket(env);
}

async function endpointOfDefaultSocket(env: Environment): Promise<Endpoint> {
  const { defaultSockets, findDefaultSocket } = await import(
    "./default_sockets.ts"
  );
  return (await findDefaultSocket(defaultSockets(env))).endpoint;
}

/** Whether this is the context that uses the default sockets. */
export function isDefaultContext(name: string): boolean {
  return name === DEFAULT_CONTEXT;
}

/**
 * Parses an address and, for TLS, reads the certificates that the environment
 * names.
 */
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
  // `https://` without these variables uses the system's certificate
  // authorities.
  if (!folder && !verify) return parseEndpoint(host, {});
  return parseEndpoint(host, await readTls(folder || configFolder(env)));
}

/**
 * Reads a context in the form in which `docker context create` stores it: its
 * metadata is in `contexts/meta/<SHA-256 of the name>/meta.json`, its
 * certificates are in `contexts/tls/<the same>/docker/`. The default context
 * means the first of the default sockets that answers.
 *
 * @throws {ConnectionError} If none of them answers.
 * @throws {TypeError} If there is no such context, or it has no engine.
 */
export async function endpointFromContext(
  name: string,
  env: Environment = Deno.env,
): Promise<Endpoint> {
  if (isDefaultContext(name)) {
    return await endpointOfDefaultSocket(env);
  }
  const folder = configFolder(env);
  const digest = await sha256(name);
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

/** The CLI's `config.json`. Its fields are not checked. */
export interface CliConfig {
  /** Path of the file. */
  readonly path: string;
  /** Its fields; none if the file does not hold a JSON object. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Reads the CLI's `config.json`. The file holds logins, so errors never quote
 * it.
 *
 * @returns undefined if there is no such file, or no home folder.
 * @throws {TypeError} If it is not JSON.
 */
export async function readCliConfig(
  env: Environment = Deno.env,
): Promise<CliConfig | undefined> {
  if (
    !env.get("DOCKER_CONFIG") && !env.get("HOME") && !env.get("USERPROFILE")
  ) {
    return undefined; // a system service may have no home folder
  }
  const path = `${configFolder(env)}/config.json`;
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  // An empty file counts as one without fields, as for docker's CLI.
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

/**
 * Reads a file of docker's or buildx's settings.
 *
 * @returns undefined if there is none.
 * @throws {Deno.errors.PermissionDenied} With what can be done, if it belongs to
 * another user, such as root after `sudo docker login`.
 */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    if (!(cause instanceof Deno.errors.PermissionDenied)) throw cause;
    throw new Deno.errors.PermissionDenied(
      `Cannot read ${
        JSON.stringify(path)
      }: no permission; give the file to the user who builds (it may be root's, after "sudo docker"), or set DOCKER_CONFIG to another folder`,
      { cause },
    );
  }
}

// deno-lint-ignore no-explicit-any -- a foreign file: each field is checked where it is used
function parseJson(path: string, text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error is not kept as cause: its message shows a piece of the
    // file, which may be a login.
    throw new TypeError(`Cannot read "${path}": it is not JSON`);
  }
}

function unverified(where: string, instead: string): UnsupportedError {
  return new UnsupportedError(
    "TLS without verification",
    `${where} asks for TLS without a check of the engine's certificate: whoever stands between could take the secrets, so davit does not do it; ${instead}`,
  );
}

/** How Deno says what may not be read. */
const DENIED_REGEXP = /^Requires (env|read) access to (?:"([^"]+)")?/;

/**
 * Finds an engine by settings. If Deno's permissions do not allow to read them,
 * the error says which one that is, and what to do.
 *
 * @throws {ConnectionError} If a setting may not be read.
 */
export async function withSettings<T>(find: () => Promise<T>): Promise<T> {
  try {
    return await find();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotCapable)) throw cause;
    const [, kind = "env", what] = DENIED_REGEXP.exec(cause.message) ?? [];
    const flag = what === undefined
      ? `--allow-${kind}`
      : `--allow-${kind}=${what}`;
    throw new ConnectionError(
      `Cannot find the engine: this program may not read ${
        what ?? "docker's settings"
      }: run it with ${flag}${
        what === "DOCKER_HOST"
          ? " if that variable is set, else with --allow-env and --allow-read, or give the engine's address"
          : ""
      }`,
      { cause },
    );
  }
}
