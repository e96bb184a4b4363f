import { isPlainObject, plainObjectHint } from "../plain_object.ts";
import type { AuthConfig } from "./auth_config.ts";
import { Login } from "./login.ts";
import { registryName, serverAddress } from "./registry_name.ts";

/**
 * The value of `X-Registry-Auth`, which carries one login for a push or a pull:
 * base64 of JSON in the URL-safe alphabet, padded. Without a login it is the
 * encoded `{}`, because an engine of the 20.10 line refuses a push without the
 * header.
 */
export function registryAuthHeader(login: Login | undefined): string {
  return encode(login?.reveal() ?? {});
}

/**
 * The value of `X-Registry-Config`, which carries logins by registry to
 * builders without a session; BuildKit ignores it. The keys are spelled as
 * docker's CLI spells them, because the engine looks for that spelling.
 */
export function registryConfigHeader(logins: Iterable<Login>): string {
  const map = Array.from(
    logins,
    (login) => [serverAddress(login.registry), login.reveal()] as const,
  );
  return encode(Object.fromEntries(map));
}

/**
 * Checks logins that are given by registry.
 *
 * @returns The logins by the normalized names of their registries.
 * @throws {TypeError} If they are no object, if a key names no registry or one
 * that is there already, or if an entry is no login. The message holds no
 * value.
 */
export function checkCredentials(
  credentials: Readonly<Record<string, AuthConfig>>,
): Map<string, Login> {
  if (
    !isPlainObject(credentials)
  ) {
    throw new TypeError(
      'Cannot use credentials: expected an object of registries to logins, such as { "ghcr.io": { username, password } }, or a function' +
        plainObjectHint(credentials),
    );
  }
  const logins = new Map<string, Login>();
  for (const [key, config] of Object.entries(credentials)) {
    const registry = registryName(key);
    if (registry === undefined) {
      throw new TypeError(
        `Cannot use credentials for ${
          JSON.stringify(key)
        }: expected a registry's host, such as "ghcr.io" or "localhost:5000"`,
      );
    }
    if (typeof config === "string") {
      throw new TypeError(
        `Cannot use credentials for "${key}": expected an object, and they are given by registry: { "ghcr.io": { username, password } }`,
      );
    }
    if (logins.has(registry)) {
      throw new TypeError(
        `Cannot use credentials for "${key}": "${registry}" has some already, under another spelling`,
      );
    }
    logins.set(
      registry,
      new Login(registry, config, `the credentials for "${key}"`),
    );
  }
  return logins;
}

function encode(value: unknown): string {
  return new TextEncoder().encode(JSON.stringify(value))
    .toBase64({ alphabet: "base64url" });
}
