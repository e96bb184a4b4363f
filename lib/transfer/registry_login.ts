import { registryAuthHeader } from "../credentials/header.ts";
import type { ClientCredentials, Credentials } from "../credentials/source.ts";
import { CredentialStore } from "../credentials/store.ts";

/** The login that is sent with a request about an image. */
export interface RegistryLogin {
  /** Value of the header `X-Registry-Auth`; not to be printed. */
  readonly header: string;
  /** Whether the header holds a login. */
  readonly present: boolean;
  /**
   * The reason, if Deno's permissions do not allow to read a source of logins.
   */
  readonly closed: string | undefined;
}

/** The options of the request that needs a login. */
export interface LoginRequest {
  /** The logins given to this call; they are used before the client's. */
  readonly credentials?: Credentials | undefined;
  /** Aborts callbacks and credential helpers. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The login for a registry: from the call, or else from the client.
 *
 * @throws {TypeError} If credentials have the wrong form.
 * @throws {CredentialError} If a login exists and can't be read.
 */
export async function registryLogin(
  registry: string,
  { credentials, signal }: LoginRequest,
  client: ClientCredentials,
): Promise<RegistryLogin> {
  const store = new CredentialStore({ credentials, client, signal });
  let closed: string | undefined;
  store.onClosed = (why) => closed = why;
  const login = await store.get(registry);
  return {
    header: registryAuthHeader(login),
    present: login !== undefined,
    closed,
  };
}
