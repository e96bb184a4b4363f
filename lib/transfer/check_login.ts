import type { AuthConfig } from "../credentials/auth_config.ts";
import { Login } from "../credentials/login.ts";
import { registryName } from "../credentials/registry_name.ts";
import { auth, type AuthResult } from "../engine/auth.ts";
import type { Engine } from "../engine/engine.ts";

/**
 * Lets the engine try a login at the registry `serveraddress`, or at Docker Hub
 * if none is named.
 *
 * @throws {TypeError} If it is no login, or `serveraddress` is no host.
 */
export async function checkLogin(
  engine: Engine,
  config: AuthConfig,
  signal?: AbortSignal,
): Promise<AuthResult> {
  const { serveraddress } = config;
  const registry = registryName(serveraddress ?? "docker.io");
  if (registry === undefined) {
    throw new TypeError(
      `Cannot check a login for ${
        JSON.stringify(serveraddress)
      }: expected a registry's host, such as "ghcr.io"`,
    );
  }
  const login = new Login(registry, config, "the login");
  return await auth(engine, login.reveal(), signal);
}
