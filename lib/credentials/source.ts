import type { AuthConfig } from "./auth_config.ts";

/**
 * A function that gives the login for a registry. It is called only when that
 * login is needed.
 *
 * `host` is the normalized name of the registry: `docker.io` for Docker Hub,
 * otherwise `host[:port]` in lower case. `scopes` are those of the token that
 * is needed, such as `repository:app:pull`; the list is empty when the engine
 * fetches the token itself. `signal` aborts when the answer is no longer
 * needed. `null` and `undefined` mean that the function has no login for this
 * registry; then the next source is asked.
 */
export type CredentialCallback = (
  host: string,
  scopes: readonly string[],
  signal: AbortSignal,
) =>
  | AuthConfig
  | null
  | undefined
  | Promise<AuthConfig | null | undefined>;

/**
 * Logins for registries: an object by registry, or a function that is called
 * for each registry. A login without fields means that its registry is used
 * without a login, even if a later source has one. Keys are hosts, such as
 * `ghcr.io` or `localhost:5000`; `docker.io` is Docker Hub. Each login is used
 * for its own registry alone.
 *
 * @example
 * ```ts
 * import type { Credentials } from "@davit/build";
 *
 * const credentials: Credentials = {
 *   "ghcr.io": { username: "me", password: Deno.env.get("GITHUB_TOKEN") },
 *   "docker.io": {}, // without a login, whatever docker's configuration has
 * };
 * ```
 */
export type Credentials =
  | Readonly<Record<string, AuthConfig>>
  | CredentialCallback;

/**
 * A client's own sources of logins, in the order in which they are asked. They
 * are asked after the logins of a single call.
 */
export interface ClientCredentials {
  /** Logins for every call of this client. */
  readonly credentials?: Credentials | undefined;
  /**
   * Whether docker's own files and helpers are asked as the last source.
   *
   * @default {false}
   */
  readonly dockerConfig?: boolean | undefined;
}
