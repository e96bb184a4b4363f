import { registryAuthHeader } from "../credentials/header.ts";
import {
  type ClientCredentials,
  type Credentials,
  CredentialStore,
} from "../credentials/store.ts";

/** What a request about an image carries for its registry. */
export interface RegistryLogin {
  /** Value of the header `X-Registry-Auth`; not to be printed. */
  readonly header: string;
  /** Whether there is a login in it. */
  readonly present: boolean;
  /** Why a source of logins was not looked into, where Deno's permissions keep one closed. */
  readonly closed: string | undefined;
}

/** The request that a login is for. */
export interface LoginRequest {
  /** Those of the call, which count before the client's. */
  readonly credentials?: Credentials | undefined;
  /** Aborts callbacks and credential helpers. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The login for a registry: from the call, else from its client.
 *
 * @throws {TypeError} If credentials have the wrong form.
 * @throws {CredentialError} If one is to be had and can't be read.
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
