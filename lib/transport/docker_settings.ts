import { configFolder, readCliConfig } from "./docker_config.ts";
import { type Environment, grantedEnvironment } from "./environment.ts";

/**
 * The settings for requests and builds that docker's command reads from its
 * files and environment variables, except those for the engine and for logins.
 */
export interface DockerSettings {
  /**
   * Headers for every request: from `DOCKER_CUSTOM_HEADERS`, or from
   * `HttpHeaders` in `config.json`. Do not print their values.
   */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /**
   * The proxies for the steps, by the names of their variables in upper case:
   * from `proxies` in `config.json`, the entry of this engine or else
   * `default`.
   */
  readonly proxies: Readonly<Record<string, string>>;
  /** The variable `DOCKER_DEFAULT_PLATFORM`. */
  readonly platform: string | undefined;
  /** The variable `SOURCE_DATE_EPOCH`, in seconds since 1970. */
  readonly sourceDateEpoch: string | undefined;
}

const HEADERS_VARIABLE = "DOCKER_CUSTOM_HEADERS";

/** Keys of an entry of `proxies`, and the variables that they set. */
const PROXIES = {
  httpProxy: "HTTP_PROXY",
  httpsProxy: "HTTPS_PROXY",
  noProxy: "NO_PROXY",
  ftpProxy: "FTP_PROXY",
  allProxy: "ALL_PROXY",
} as const;

/**
 * Reads the settings. What Deno's permissions do not allow to read counts as
 * not set: these settings are optional, so a program without the permission is
 * not prompted for it.
 *
 * @param address The engine's address, as `formatEndpoint` writes it.
 * @throws {TypeError} If `config.json` or a variable has the wrong form. The
 * error holds no value.
 */
export async function readDockerSettings(
  address: string | undefined,
  env: Environment = grantedEnvironment,
): Promise<DockerSettings> {
  const config = await readGrantedConfig(env);
  const { path = "", fields = {} } = config ?? {};
  const given = env.get(HEADERS_VARIABLE);
  const proxies = textMap(fields.proxies, `"proxies" of "${path}"`, isObject);
  const own = proxies[daemonHost(address)] ?? proxies.default;
  const chosen = textMap(own, `"proxies" of "${path}"`, isText);
  return {
    headers: given ? await customHeaders(given) : Object.entries(
      textMap(fields.HttpHeaders, `"HttpHeaders" of "${path}"`, isText),
    ),
    proxies: Object.fromEntries(
      Object.entries(PROXIES)
        .map(([key, name]) => [name, chosen[key] ?? ""] as const)
        .filter(([, value]) => value !== ""),
    ),
    platform: env.get("DOCKER_DEFAULT_PLATFORM") || undefined,
    sourceDateEpoch: env.get("SOURCE_DATE_EPOCH") || undefined,
  };
}

async function customHeaders(
  text: string,
): Promise<DockerSettings["headers"]> {
  const { parseHeaders } = await import("./custom_headers.ts");
  return parseHeaders(HEADERS_VARIABLE, text);
}

async function readGrantedConfig(
  env: Environment,
): ReturnType<typeof readCliConfig> {
  if (!["DOCKER_CONFIG", "HOME", "USERPROFILE"].some((name) => env.get(name))) {
    return undefined;
  }
  const path = `${configFolder(env)}/config.json`;
  const { state } = Deno.permissions.querySync({ name: "read", path });
  return state === "granted" ? await readCliConfig(env) : undefined;
}

/**
 * The address of the engine in the form that docker's client uses as a key of
 * `proxies`.
 */
function daemonHost(address = ""): string {
  return address
    .replace(/^https:/, "tcp:")
    .replace(/^ssh:.*/s, "http://docker.example.com");
}

function textMap<T>(
  value: unknown,
  what: string,
  fits: (value: unknown) => value is T,
): Record<string, T> {
  if (value === undefined || value === null) return {};
  if (isObject(value)) {
    const entries = Object.entries(value).filter(([, item]) => item !== null);
    if (entries.every((entry): entry is [string, T] => fits(entry[1]))) {
      return Object.fromEntries(entries);
    }
  }
  throw new TypeError(
    `Cannot use ${what}: it has not the form that docker reads`,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
