import { CredentialError } from "../credentials/credential_error.ts";
import type { Login } from "../credentials/login.ts";
import type { CredentialStore } from "../credentials/store.ts";
import { type GrpcMethod, unary } from "../grpc/method.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";

const SERVICE = "/moby.filesync.v1.Auth";

/** An Ed25519 key. */
const PUBLIC_KEY_BYTES = 32;

/** How {@linkcode authService} answers. */
export interface AuthServiceOptions {
  /**
   * Who trades logins for tokens, where a registry asks for tokens. `"engine"`:
   * the engine gets the login and does it. `"client"`: it is done here, and
   * the login stays; token servers must then be reachable from here, too.
   *
   * @default {"engine"}
   */
  readonly tokens?: "engine" | "client" | undefined;
  /** Told of what the build should say when it fails. */
  readonly onError: (error: CredentialError) => void;
}

/**
 * `moby.filesync.v1.Auth`: logins for exactly the registries that asked. A
 * registry without one gets an empty answer, with which the engine goes on
 * anonymously; an error would end the build.
 *
 * An engine asks for a token authority first. "Unimplemented" is the no that
 * makes it ask for the login itself. The authority's key is for a later session
 * to prove that it may use this one's tokens; davit lends none, so there is no
 * private half of it, and `VerifyTokenAuthority` is not offered.
 */
export function authService(
  store: CredentialStore,
  options: AuthServiceOptions,
): GrpcMethod[] {
  const { tokens = "engine", onError } = options;
  /** A failure is told in full to the build, and to the engine as little as it needs. */
  const attempt = async <T>(
    host: string,
    what: string,
    action: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await action();
    } catch (cause) {
      onError(
        cause instanceof CredentialError ? cause : new CredentialError(
          host,
          `Cannot fetch ${what} for "${host}"`,
          { cause },
        ),
      );
      throw new GrpcError(
        GrpcCode.INTERNAL,
        `davit: ${what} for "${host}" could not be fetched`,
      );
    }
  };
  const loginFor = (
    host: string,
    scopes?: readonly string[],
  ): Promise<Login | undefined> =>
    attempt(host, "the login", () => store.get(host, scopes));
  /** A token of the caller's own can reach a registry in no other way. */
  const hasAuthority = (login: Login | undefined): login is Login =>
    login !== undefined &&
    (tokens === "client" || login.registryToken !== undefined);
  return [
    unary(`${SERVICE}/Credentials`, async () => {
      return (await import("../proto/auth.ts")).credentials;
    }, async ({ Host: host }) => {
      const login = await loginFor(host);
      const { username = "", secret = "" } = login?.forSession() ?? {};
      return { Username: username, Secret: secret };
    }),
    unary(`${SERVICE}/GetTokenAuthority`, async () => {
      return (await import("../proto/auth.ts")).getTokenAuthority;
    }, async ({ Host: host }) => {
      const login = await loginFor(host);
      if (!hasAuthority(login)) throw fallBack();
      return {
        PublicKey: crypto.getRandomValues(new Uint8Array(PUBLIC_KEY_BYTES)),
      };
    }),
    unary(`${SERVICE}/FetchToken`, async () => {
      return (await import("../proto/auth.ts")).fetchToken;
    }, async (request, call) => {
      const { Host: host, Realm: realm, Service: service } = request;
      const { Scopes: scopes, ClientID: clientId } = request;
      const login = await loginFor(host, scopes);
      // Without an authority nobody is to ask this: the engine names the realm,
      // and a login must not go from here to wherever it says.
      if (!hasAuthority(login)) throw fallBack();
      const { token, expiresIn, issuedAt } = await attempt(
        host,
        "a token",
        async () => {
          const { fetchToken } = await import("../credentials/token.ts");
          return await fetchToken(login, {
            realm,
            service,
            scopes,
            clientId,
            signal: call.signal,
          });
        },
      );
      return {
        Token: token,
        ExpiresIn: BigInt(expiresIn),
        IssuedAt: BigInt(issuedAt),
      };
    }),
  ];
}

function fallBack(): GrpcError {
  return new GrpcError(
    GrpcCode.UNIMPLEMENTED,
    "davit: the engine fetches its tokens itself",
  );
}
