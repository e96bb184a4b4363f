// @ts-types="../std/base64.d.ts"
import { encodeBase64 } from "@std/encoding/base64";
import { readText } from "../streams/read_whole.ts";
import { CredentialError } from "./credential_error.ts";
import type { Login } from "./login.ts";
import type { TokenServer } from "./token_server.ts";

/**
 * How long a token is valid if its server does not say, in seconds
 * (distribution's token specification).
 */
const DEFAULT_EXPIRES_IN = 60;

/** The longest answer that is read, in bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** How long a token server may take, in milliseconds; engines give up after a minute. */
const TIMEOUT_MS = 50_000;

/** What is needed to fetch a token. */
export interface TokenRequest {
  /**
   * The server that makes it, as the registry itself names it; not needed for a
   * registry token, which is given already.
   */
  readonly server: TokenServer | undefined;
  /** The scopes of the token, such as `repository:app:pull`. */
  readonly scopes: readonly string[];
  /** Name of the client, which the server may log. */
  readonly clientId: string;
  /** Aborts the request. */
  readonly signal: AbortSignal;
  /** The registry's normalized name; not needed beside a login. */
  readonly registry?: string;
  /** The client of `fetch` that trusts the server's certificate. */
  readonly client?: Deno.HttpClient | undefined;
}

/** A token that is sent to a registry unchanged. */
export interface Token {
  /** The token itself; not to be printed. */
  readonly token: string;
  /** How long it is valid, in seconds. */
  readonly expiresIn: number;
  /** When it was issued, in seconds since 1970; 0 where that is not known. */
  readonly issuedAt: number;
}

/**
 * Statuses with which a token server answers if it does not support `POST`;
 * docker's client handles the same ones.
 */
const NO_POST: ReadonlySet<number> = new Set([401, 404]);

/**
 * Exchanges a login for a token at the server that the registry named; without a
 * login, asks for the token that everybody gets. An
 * identity token is sent in the body of a `POST` (`grant_type=refresh_token`)
 * or, where the server does not support that, as basic authentication without a
 * user name. A password is sent as basic authentication with its user name.
 * Neither is ever put into a URL, or sent on to the target of a redirect.
 *
 * @throws {CredentialError} If the server can't be reached, or refuses.
 */
export async function fetchToken(
  login: Login | undefined,
  request: TokenRequest,
): Promise<Token> {
  if (login?.registryToken !== undefined) {
    const token = login.reveal().registrytoken!;
    return { token, expiresIn: DEFAULT_EXPIRES_IN, issuedAt: 0 };
  }
  const registry = login?.registry ?? request.registry ?? "";
  const fail = (why: string, options?: ErrorOptions) =>
    new CredentialError(
      registry,
      `Cannot fetch a token for "${registry}": ${why}`,
      options,
    );
  const { server } = request;
  if (server === undefined) throw fail("it is not known who makes them");
  const { realm } = server;
  const where = `the token server at ${realm.host}`;
  const late = AbortSignal.timeout(TIMEOUT_MS);
  let response;
  let text;
  try {
    const signal = AbortSignal.any([request.signal, late]);
    const byIdentity = login?.identityToken !== undefined;
    const { client } = request;
    const send = (request: Request) =>
      client === undefined ? fetch(request) : fetch(request, { client });
    response = await send(
      byIdentity
        ? refreshRequest(login, server, request, signal)
        : basicRequest(login, server, request, signal),
    );
    if (byIdentity && NO_POST.has(response.status)) {
      await response.body?.cancel();
      response = await send(basicRequest(login, server, request, signal));
    }
    text = await readText(
      response.body ?? [],
      MAX_ANSWER_BYTES,
      () => new RangeError("answer too long"),
    );
  } catch (cause) {
    if (request.signal.aborted) throw request.signal.reason;
    throw fail(
      cause instanceof Deno.errors.NotCapable
        ? `${where} may not be reached (--allow-net=${realm.host})`
        : late.aborted
        ? `${where} gave no answer within ${TIMEOUT_MS / 1000} s`
        : `${where} could not be asked`,
      { cause },
    );
  }
  if (!response.ok) {
    throw fail(
      response.status === 401 || response.status === 403
        ? `${where} refused ${
          login === undefined ? "who has no login" : "the login"
        } (status ${response.status})`
        : `${where} answered with status ${response.status}`,
    );
  }
  const token = readToken(text);
  if (token === undefined) throw fail(`${where} gave an answer without one`);
  return token;
}

/**
 * A request for "OAuth2 Token Authentication" of distribution's specification.
 */
function refreshRequest(
  login: Login,
  server: TokenServer,
  { scopes, clientId }: TokenRequest,
  signal: AbortSignal,
): Request {
  return new Request(server.realm, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: login.forSession().secret,
      client_id: clientId,
      service: server.service,
      ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }),
    }),
    redirect: "manual",
    signal,
  });
}

/** A request for "Token Authentication" of distribution's specification. */
function basicRequest(
  login: Login | undefined,
  server: TokenServer,
  { scopes }: TokenRequest,
  signal: AbortSignal,
): Request {
  const { username, secret } = login?.forSession() ?? {};
  const url = new URL(server.realm);
  if (server.service !== "") {
    url.searchParams.append("service", server.service);
  }
  for (const scope of scopes) url.searchParams.append("scope", scope);
  return new Request(url, {
    headers: login === undefined ? {} : {
      authorization: `Basic ${encodeBase64(`${username}:${secret}`)}`,
    },
    redirect: "manual",
    signal,
  });
}

function readToken(text: string): Token | undefined {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined; // no cause: its message could show a piece of the token
  }
  if (typeof answer !== "object" || answer === null) return undefined;
  // The two specifications use different names for the same field.
  const token = answer.access_token || answer.token;
  if (typeof token !== "string" || token === "") return undefined;
  const { expires_in: expiresIn, issued_at: issued } = answer;
  const issuedAt = Math.floor(Date.parse(issued) / 1000);
  return {
    token,
    expiresIn: Number.isSafeInteger(expiresIn) && expiresIn > 0
      ? expiresIn
      : DEFAULT_EXPIRES_IN,
    issuedAt: Math.max(0, issuedAt || 0),
  };
}
