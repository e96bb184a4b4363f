import { CredentialError } from "../credentials/credential_error.ts";
import type { Login } from "../credentials/login.ts";
import type { CredentialStore } from "../credentials/store.ts";
import type { TokenServer } from "../credentials/token_server.ts";
import { type GrpcMethod, unary } from "../grpc/method.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";

const SERVICE = "/moby.filesync.v1.Auth";

/** Length of an Ed25519 public key. */
const PUBLIC_KEY_BYTES = 32;

/** Options of {@linkcode authService}. */
export interface AuthServiceOptions {
  /**
   * Finds the token server of a registry by asking the registry; undefined
   * where the registry can't be asked from here. Without this function the
   * engine exchanges every login itself.
   */
  readonly tokenServer?:
    | ((registry: string) => Promise<TokenServer | undefined>)
    | undefined;
  /** Called with the error that explains why the build fails. */
  readonly onError: (error: CredentialError) => void;
}

/**
 * `moby.filesync.v1.Auth`: gives the engine the login of a registry that it
 * asks for, and of no other. A registry without a login gets an empty answer,
 * and the engine goes on anonymously; an error would end the build.
 *
 * Either davit or the engine exchanges a login for a registry's token. As in a
 * push or pull, where the engine gets every login:
 *
 * - A user's name and password go to the engine that asks (`Credentials`). It
 *   knows both ways of exchanging them.
 * - An identity token is exchanged by davit (`FetchToken`), by `POST` with
 *   `grant_type=refresh_token`, as docker's buildx does it. BuildKit would send
 *   it as a password first, and give up when a token server refuses that. Where
 *   davit can't ask the registry, the identity token goes to the engine, as it
 *   does in a push.
 * - A registry token can't be exchanged: it is given as it is.
 *
 * Buildx sends a login to the token server that the engine names. Here the
 * engine's word is not used: davit asks the registry itself for its challenge
 * and fetches the token from there, so that an engine can't direct an identity
 * token to another server.
 *
 * An engine first asks for a token authority. The answer "unimplemented" makes
 * it ask for the login instead. The authority's key would let a later session
 * prove that it may use the tokens of this one; davit does not offer that, so
 * the key has no private half, and `VerifyTokenAuthority` is not offered.
 */
export function authService(
  store: CredentialStore,
  options: AuthServiceOptions,
): GrpcMethod[] {
  const { onError } = options;
  const servers = new Map<
    string,
    Promise<TokenServer | undefined> | undefined
  >();
  const serverOf = (
    registry: string,
  ): Promise<TokenServer | undefined> | undefined => {
    const known = servers.get(registry) ?? options.tokenServer?.(registry);
    servers.set(registry, known);
    return known;
  };
  /**
   * Reports a failure to the build in full; the engine gets only a short error.
   */
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
      return (await import("../proto/auth.ts")).credentials;
    }, async ({ host }) => {
      const login = await loginFor(host);
      return login?.forSession() ?? {};
    }),
    unary(`${SERVICE}/GetTokenAuthority`, async () => {
      return (await import("../proto/auth.ts")).getTokenAuthority;
    }, async ({ host }) => {
      const login = await loginFor(host);
      // A registry token that the caller gave can only be passed on by
      // `FetchToken`.
      const isOurs = login?.registryToken !== undefined ||
        (login?.identityToken !== undefined &&
          await serverOf(login.registry) !== undefined);
      if (!isOurs) throw fallBack();
      return {
        publicKey: crypto.getRandomValues(new Uint8Array(PUBLIC_KEY_BYTES)),
      };
    }),
    unary(`${SERVICE}/FetchToken`, async () => {
      return (await import("../proto/auth.ts")).fetchToken;
    }, async (request, call) => {
      const { host, scopes, clientId } = request;
      const login = await loginFor(host, scopes);
      // An engine that was given no token authority should not ask for a token.
      const server = login && await servers.get(login.registry);
      const ownToken = login?.registryToken;
      if (login === undefined || (server ?? ownToken) === undefined) {
        throw fallBack();
      }
      return await attempt(
        host,
        "a token",
        async () => {
          const { fetchToken } = await import("../credentials/token.ts");
          const { signal } = call;
          return await fetchToken(login, { server, scopes, clientId, signal });
        },
      );
    }),
  ];
}

function fallBack(): GrpcError {
  return new GrpcError(
    GrpcCode.UNIMPLEMENTED,
    "davit: the engine fetches its tokens itself",
  );
}
