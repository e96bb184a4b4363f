import type { AuthConfig } from "../credentials/auth_config.ts";
import { registryAuthHeader } from "../credentials/header.ts";
import { Login } from "../credentials/login.ts";
import { registryName } from "../credentials/registry_name.ts";
import {
  type CredentialCallback,
  CredentialStore,
} from "../credentials/store.ts";

/** Where a client looks for logins that a call does not give, in this order. */
export interface LoginSources {
  /**
   * Logins by registry. One without fields says that this registry is to be
   * asked without a login, whatever the other sources know.
   */
  readonly credentials?: Readonly<Record<string, AuthConfig>>;
  /** Asked for the registries that are not among them. */
  readonly callback?: CredentialCallback;
  /**
   * Whether docker's own files and helpers are looked into at the end.
   *
   * @default {false}
   */
  readonly dockerConfig?: boolean;
}

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
  /** The login that was given, which counts before all others. */
  readonly auth?: AuthConfig | undefined;
  /** Aborts callbacks and credential helpers. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The login for a registry: the one that was given, else the one that is found.
 *
 * @throws {TypeError} If the given one is none, or names another registry.
 * @throws {CredentialError} If one is to be had and can't be read.
 */
export async function registryLogin(
  registry: string,
  { auth, signal }: LoginRequest,
  sources: LoginSources,
): Promise<RegistryLogin> {
  let closed: string | undefined;
  let login: Login | undefined;
  if (auth === undefined) {
    const store = new CredentialStore({ ...sources, signal });
    store.onClosed = (why) => closed = why;
    login = await store.get(registry);
  } else {
    const name = registryName(registry) ?? registry;
    login = new Login(name, auth, "the option auth");
  }
  return {
    header: registryAuthHeader(login),
    present: login !== undefined && !login.isEmpty,
    closed,
  };
}
