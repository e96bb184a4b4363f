// @ts-types="../std/base64.d.ts"
import { encodeBase64 } from "@std/encoding/base64";
import { CredentialError } from "./credential_error.ts";
import type { Login } from "./login.ts";

/** How long a token is good for unless its server says so, in seconds (distribution's token specification). */
const DEFAULT_EXPIRES_IN = 60;

/** The longest answer that is read, in bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** How long a token server may take, in milliseconds; engines give up after a minute. */
const TIMEOUT_MS = 50_000;

/** What a registry asks for in the place of a login. */
export interface TokenRequest {
  /** Address of the token server, as the registry named it. */
  readonly realm: string;
  /** The registry's name for itself. */
  readonly service: string;
  /** What the token is for, such as `repository:app:pull`. */
  readonly scopes: readonly string[];
  /** Who asks, in words. */
  readonly clientId: string;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/** A token, to be sent as it is. */
export interface Token {
  /** The token itself; not to be printed. */
  readonly token: string;
  /** How long it is good for, in seconds. */
  readonly expiresIn: number;
  /** Since when, in seconds since 1970; 0 where that is not known. */
  readonly issuedAt: number;
}

/**
 * Trades a login for a token at the server that the registry named. A password
 * goes as basic authentication, an identity token in the body of a `POST`;
 * neither ever in an address, to a plain connection that leaves this machine,
 * or on to where a redirect leads.
 *
 * @throws {CredentialError} If the server is not to be trusted with it, can't
 * be reached, or refuses.
 */
export async function fetchToken(
  login: Login,
  request: TokenRequest,
): Promise<Token> {
  if (login.registryToken !== undefined) {
    const token = login.reveal().registrytoken!;
    return { token, expiresIn: DEFAULT_EXPIRES_IN, issuedAt: 0 };
  }
  const { registry } = login;
  const fail = (why: string, options?: ErrorOptions) =>
    new CredentialError(
      registry,
      `Cannot fetch a token for "${registry}": ${why}`,
      options,
    );
  const realm = URL.parse(request.realm);
  if (realm === null || realm.username + realm.password !== "") {
    throw fail("the registry names no token server");
  }
  const where = `the token server at ${realm.host}`;
  if (!isSafe(realm)) {
    throw fail(`${where} has no encryption, and a login must not go there`);
  }
  const late = AbortSignal.timeout(TIMEOUT_MS);
  let response;
  let text;
  try {
    response = await fetch(
      tokenRequest(
        login,
        realm,
        request,
        AbortSignal.any([request.signal, late]),
      ),
    );
    text = await readText(response);
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
        ? `${where} refused the login (status ${response.status})`
        : `${where} answered with status ${response.status}`,
    );
  }
  const token = readToken(text);
  if (token === undefined) throw fail(`${where} gave an answer without one`);
  return token;
}

/** Encrypted, or not leaving this machine. */
function isSafe(realm: URL): boolean {
  return realm.protocol === "https:" ||
    (realm.protocol === "http:" &&
      /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(realm.hostname));
}

/** Two ways for two kinds: "Token Authentication" and "OAuth2 Token Authentication" of distribution's specification. */
function tokenRequest(
  login: Login,
  realm: URL,
  request: TokenRequest,
  signal: AbortSignal,
): Request {
  const { username, secret } = login.forSession();
  const { service, scopes, clientId } = request;
  if (login.identityToken !== undefined) {
    return new Request(realm, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: secret,
        client_id: clientId,
        service,
        ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }),
      }),
      redirect: "manual",
      signal,
    });
  }
  const url = new URL(realm);
  if (service !== "") url.searchParams.append("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  return new Request(url, {
    headers: {
      authorization: `Basic ${encodeBase64(`${username}:${secret}`)}`,
    },
    redirect: "manual",
    signal,
  });
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new RangeError("answer too long");
    chunks.push(chunk);
  }
  return await new Blob(chunks).text();
}

function readToken(text: string): Token | undefined {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined; // no cause: its message could show a piece of the token
  }
  if (typeof answer !== "object" || answer === null) return undefined;
  // The two names are of two specifications and mean the same.
  const token = answer.access_token || answer.token;
  if (typeof token !== "string" || token === "") return undefined;
  const { expires_in: expiresIn, issued_at: issued } = answer;
  const issuedAt = Math.floor(Date.parse(String(issued)) / 1000);
  return {
    token,
    expiresIn: Number.isSafeInteger(expiresIn) && expiresIn > 0
      ? expiresIn
      : DEFAULT_EXPIRES_IN,
    issuedAt: issuedAt > 0 ? issuedAt : 0,
  };
}
