// @ts-types="../../lib/std/base64.d.ts"
import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import type { TokenRealm } from "../support/registry.ts";

const CERTS = new URL("../transport/certs/", import.meta.url);

/** One request for a token. */
export interface TokenQuestion {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
  /** What it was answered. */
  readonly status: number;
}

/** A server that trades logins for tokens which a registry accepts. */
export interface TokenServer extends AsyncDisposable, TokenRealm {
  readonly questions: readonly TokenQuestion[];
  /** A token for these scopes, as the server would give it. */
  token(scopes: readonly string[]): Promise<string>;
}

/** Who may have tokens. */
export interface TokenLogins {
  /** `base64(username:password)` that is accepted as basic authentication. */
  readonly basic?: string;
  /** A refresh token that is accepted in the form of a `POST`. */
  readonly refreshToken?: string;
  /** What those are answered who have no login, or a wrong one; 401 unless given. */
  readonly refusal?: number;
  /** Answers everything with a redirect to this address. */
  readonly redirect?: string;
  /** Answers everything with this text, as JSON. */
  readonly answer?: string;
}

/**
 * The two ways of distribution's token specification: `GET` with basic
 * authentication, and OAuth2's `POST`. Tokens are signed by the tests' own
 * server certificate.
 */
export async function startTokenServer(
  logins: TokenLogins,
): Promise<TokenServer> {
  const questions: TokenQuestion[] = [];
  const sign = await signer();
  const service = "davit-test-registry";
  const issuer = "davit-test-issuer";
  const token = (scopes: readonly string[]) => sign(issuer, service, scopes);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, search, searchParams } = new URL(request.url);
      const body = await request.text();
      const form = new URLSearchParams(body);
      const authorization = request.headers.get("authorization") ?? undefined;
      const known = request.method === "POST"
        ? form.get("grant_type") === "refresh_token" &&
          form.get("refresh_token") === logins.refreshToken
        : authorization === `Basic ${logins.basic}`;
      const status = logins.redirect
        ? 307
        : known
        ? 200
        : logins.refusal ?? 401;
      questions.push({
        method: request.method,
        path: pathname + search,
        authorization,
        body,
        status,
      });
      if (logins.redirect) return Response.redirect(logins.redirect, 307);
      if (logins.answer) return new Response(logins.answer);
      if (!known) return new Response("no\n", { status });
      return Response.json(
        request.method === "POST"
          ? {
            access_token: await token((form.get("scope") ?? "").split(" ")),
            expires_in: 300,
          }
          : { token: await token(searchParams.getAll("scope")) },
      );
    },
  );
  return {
    realm: `http://127.0.0.1:${server.addr.port}/token`,
    issuer,
    service,
    questions,
    token,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** JSON Web Tokens as Debian's registry reads them: ES256, with the chain of certificates in the header. */
async function signer(): Promise<
  (
    issuer: string,
    audience: string,
    scopes: readonly string[],
  ) => Promise<string>
> {
  const pem = async (name: string) =>
    (await Deno.readTextFile(new URL(name, CERTS)))
      .replace(/-----[A-Z ]+-----|\s/g, "");
  const key = await crypto.subtle.importKey(
    "pkcs8",
    decodeBase64(await pem("server-key.pem")),
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
  const header = { typ: "JWT", alg: "ES256", x5c: [await pem("server.pem")] };
  return async (issuer, audience, scopes) => {
    const now = Math.floor(Date.now() / 1000);
    const signed = [header, {
      iss: issuer,
      aud: audience,
      sub: "davit",
      nbf: now - 60,
      exp: now + 300,
      iat: now,
      jti: crypto.randomUUID(),
      access: scopes.filter(Boolean).map((scope) => {
        const [type, name, actions = ""] = scope.split(":");
        return { type, name, actions: actions.split(",") };
      }),
    }].map((part) => urlBase64(JSON.stringify(part))).join(".");
    const signature = await crypto.subtle.sign(
      { name: "ECDSA", hash: "SHA-256" },
      key,
      new TextEncoder().encode(signed),
    );
    return `${signed}.${urlBase64(signature)}`;
  };
}

function urlBase64(data: string | ArrayBuffer): string {
  return encodeBase64(data)
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
