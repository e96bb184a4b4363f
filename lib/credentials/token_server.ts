import { isHere, isLoopback } from "../transport/endpoint.ts";
import { serverHost } from "./registry_name.ts";

/** How long a registry may take to name its token server, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** One parameter of a challenge (RFC 9110, section 11.2). */
const PARAMETER_REGEXP = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/** Where a registry sends those who want a token. */
export interface TokenServer {
  /** Address of the token server. */
  readonly realm: URL;
  /** The registry's name for itself; may be empty. */
  readonly service: string;
}

/**
 * Asks a registry which server makes its tokens: `GET /v2/` without a login,
 * and the `WWW-Authenticate` of its answer, as distribution's token
 * specification has it. By https; a registry on this very machine by http, too.
 *
 * @param registry The registry, in its one spelling.
 * @param engine The engine's address: `localhost` of an engine on another
 * machine is not what it is here, and must not be sent its logins.
 * @returns undefined where there is none, or this process can't know it, or
 * must not go there: the registry is on the engine's machine, can't be reached from here, its certificate
 * is none that Deno trusts, Deno's permissions name neither it nor its token
 * server, or the token server has no encryption.
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

/** Asked for and not tried: a program that runs without a permission must not be stopped by a question. */
function isAllowed(host: string): boolean {
  return Deno.permissions.querySync({ name: "net", host }).state === "granted";
}

/** Encrypted; or on this machine, for a registry that is there, too. */
function isSafe(realm: URL, isLocal: boolean): boolean {
  if (realm.username + realm.password !== "") return false;
  return realm.protocol === "https:" ||
    (realm.protocol === "http:" && isLocal &&
      isLoopback(realm.host));
}

/** The header of a refusal; undefined where there is no such answer. */
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
    return undefined; // it can't be asked from here: the engine can, perhaps
  }
  return response.status === 401
    ? response.headers.get("www-authenticate") ?? undefined
    : undefined;
}

/** Takes `Bearer realm="…",service="…"` apart, also where it stands behind another scheme. */
function readChallenge(header: string): TokenServer | undefined {
  const [, words] = /(?:^|,)\s*Bearer\s+(.*)$/is.exec(header) ?? [];
  const parameters = new Map<string, string>();
  for (
    const [, name, quoted, plain] of (words ?? "").matchAll(PARAMETER_REGEXP)
  ) {
    const key = name!.toLowerCase();
    if (parameters.has(key)) break; // those of the next scheme
    parameters.set(key, quoted?.replace(/\\(.)/g, "$1") ?? plain!);
  }
  const realm = URL.parse(parameters.get("realm") ?? "");
  return realm === null
    ? undefined
    : { realm, service: parameters.get("service") ?? "" };
}
