import { CredentialError } from "../credentials/credential_error.ts";
import type { Login } from "../credentials/login.ts";
import type { CredentialStore } from "../credentials/store.ts";
import type { TokenServer } from "../credentials/token_server.ts";
import { type GrpcMethod, unary } from "../grpc/method.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";

const SERVICE = "/moby.filesync.v1.Auth";

/** An Ed25519 key. */
const PUBLIC_KEY_BYTES = 32;

/** How {@linkcode authService} answers. */
export interface AuthServiceOptions {
  /**
   * Finds the token server of a registry, by asking the registry; undefined
   * where that can't be known here. Without it the engine trades all logins.
   */
  readonly tokenServer?:
    | ((registry: string) => Promise<TokenServer | undefined>)
    | undefined;
  /** Told of what the build should say when it fails. */
  readonly onError: (error: CredentialError) => void;
}

/**
 * `moby.filesync.v1.Auth`: logins for exactly the registries that asked. A
 * registry without one gets an empty answer, with which the engine goes on
 * anonymously; an error would end the build.
 *
 * Who trades a login for a registry's token is decided as it comes out in
 * pushes and pulls, where the engine gets every login and trades it well:
 *
 * - A user's name and password go to the engine that asks (`Credentials`). It
 *   knows both ways of trading them.
 * - An identity token is traded here (`FetchToken`), by `POST` with
 *   `grant_type=refresh_token`, as docker's buildx does it. BuildKit would send
 *   it as a password first, and token servers answer that in ways that it gives
 *   up at. Where the registry can't be asked from here, it goes to the engine,
 *   too, as it does in a push.
 * - A registry token is nobody's to trade: it is given as it is.
 *
 * Buildx sends a login to whatever token server the engine names. Here what the
 * engine names counts for nothing: the registry itself is asked for its
 * challenge, and the token is fetched from there, so that an engine can't have
 * an identity token sent where it wants.
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
  const { onError } = options;
  const servers = new Map<string, Promise<TokenServer | undefined>>();
  const serverOf = (registry: string): Promise<TokenServer | undefined> => {
    const known = servers.get(registry) ??
      options.tokenServer?.(registry) ?? Promise.resolve(undefined);
    servers.set(registry, known);
    return known;
  };
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
  return [
    unary(`${SERVICE}/Credentials`, async () => {
      return (await import("../proto/auth.ts")).credentialsCodec;
    }, async ({ Host: host }) => {
      const login = await loginFor(host);
      const { username = "", secret = "" } = login?.forSession() ?? {};
      return { Username: username, Secret: secret };
    }),
    unary(`${SERVICE}/GetTokenAuthority`, async () => {
      return (await import("../proto/auth.ts")).getTokenAuthorityCodec;
    }, async ({ Host: host }) => {
      const login = await loginFor(host);
      // A token of the caller's own can reach a registry in no other way.
      const isOurs = login?.registryToken !== undefined ||
        (login?.identityToken !== undefined &&
          await serverOf(login.registry) !== undefined);
      if (!isOurs) throw fallBack();
      return {
        PublicKey: crypto.getRandomValues(new Uint8Array(PUBLIC_KEY_BYTES)),
      };
    }),
    unary(`${SERVICE}/FetchToken`, async () => {
      return (await import("../proto/auth.ts")).fetchTokenCodec;
    }, async (request, call) => {
      const { Host: host, Scopes: scopes, ClientID: clientId } = request;
      const login = await loginFor(host, scopes);
      // Without an authority nobody is to ask this.
      const server = login && await servers.get(login.registry);
      const ownToken = login?.registryToken;
      if (login === undefined || (server ?? ownToken) === undefined) {
        throw fallBack();
      }
      const { token, expiresIn, issuedAt } = await attempt(
        host,
        "a token",
        async () => {
          const { fetchToken } = await import("../credentials/token.ts");
          const { signal } = call;
          return await fetchToken(login, { server, scopes, clientId, signal });
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
