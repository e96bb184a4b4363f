import { isHere, isLoopback } from "../transport/endpoint.ts";
import { serverHost } from "./registry_name.ts";

/** How long a registry may take to name its token server, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** One parameter of a challenge (RFC 9110, section 11.2). */
const PARAMETER_REGEXP = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/** The server that makes tokens for a registry. */
export interface TokenServer {
  /** Address of the token server. */
  readonly realm: URL;
  /**
   * The registry's name for itself, which the token server expects; may be
   * empty.
   */
  readonly service: string;
}

/**
 * Asks a registry which server makes its tokens: `GET /v2/` without a login,
 * and reads `WWW-Authenticate` of the answer (distribution's token
 * specification). It uses https, and for a registry on this machine also http.
 *
 * @param registry The registry's normalized name.
 * @param engine The engine's address. `localhost` means another registry for an
 * engine on another machine, and that engine's logins must not be sent to a
 * registry on this one.
 * @returns undefined where there is no token server, or where it can't or must
 * not be asked from here: the registry is on the engine's machine, it can't be
 * reached, its certificate is not trusted by Deno, Deno's permissions do not
 * include it or its token server, or the token server has no encryption.
 */
export async function askTokenServer(
  registry: string,
  engine: string,
  signal: AbortSignal,
): Promise<TokenServer | undefined> {
  const host = serverHost(registry);
  const isLocal = isLoopback(host);
  if (isLocal && !isHere(engine) || !isAllowed(host)) return undefined;
  for (const scheme of isLocal ? ["https", "http"] : ["https"]) {
    const challenge = await challengeOf(`${scheme}://${host}/v2/`, signal);
    if (challenge === undefined) continue;
    const server = readChallenge(challenge);
    return server !== undefined && isSafe(server.realm, isLocal) &&
        isAllowed(server.realm.host)
      ? server
      : undefined;
  }
  return undefined;
}

/**
 * Queries the permission instead of trying the connection, because a prompt
 * would stop the program.
 */
function isAllowed(host: string): boolean {
  return Deno.permissions.querySync({ name: "net", host }).state === "granted";
}

/**
 * Whether a login may be sent to a token server: over https, or to this machine
 * if the registry is on it as well.
 */
export function isSafe(realm: URL, isLocal: boolean): boolean {
  if (realm.username + realm.password !== "") return false;
  return realm.protocol === "https:" ||
    (realm.protocol === "http:" && isLocal &&
      isLoopback(realm.host));
}

/**
 * The `WWW-Authenticate` header of an answer with status 401; undefined for any
 * other answer.
 */
async function challengeOf(
  url: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  let response;
  try {
    response = await fetch(url, {
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body?.cancel();
  } catch {
    signal.throwIfAborted();
    return undefined; // it can't be asked from here; perhaps the engine can
  }
  return response.status === 401
    ? response.headers.get("www-authenticate") ?? undefined
    : undefined;
}

/**
 * Parses `Bearer realm="…",service="…"`, also where it follows the challenge of
 * another scheme.
 *
 * @returns undefined where the header has no such challenge.
 */
export function readChallenge(header: string): TokenServer | undefined {
  const [, words] = /(?:^|,)\s*Bearer\s+(.*)$/is.exec(header) ?? [];
  const parameters = new Map<string, string>();
  for (
    const [, name, quoted, plain] of (words ?? "").matchAll(PARAMETER_REGEXP)
  ) {
    const key = name!.toLowerCase();
    if (parameters.has(key)) break; // from here on, parameters of the next scheme
    parameters.set(key, quoted?.replace(/\\(.)/g, "$1") ?? plain!);
  }
  const realm = URL.parse(parameters.get("realm") ?? "");
  return realm === null
    ? undefined
    : { realm, service: parameters.get("service") ?? "" };
}
