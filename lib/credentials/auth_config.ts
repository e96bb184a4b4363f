import { isPlainObject, plainObjectHint } from "../plain_object.ts";

/**
 * A login for one registry, in the engine's own field names: mostly `username`
 * and `password`, where a registry's access token counts as a password.
 */
export interface AuthConfig {
  /** Name of the user. */
  username?: string | undefined;
  /** Password or access token. */
  password?: string | undefined;
  /**
   * `base64(username:password)`, as in docker's config file; used instead of
   * those two fields.
   */
  auth?: string | undefined;
  /**
   * Host of the registry. It may be left out; one that differs from the login's
   * registry is refused.
   */
  serveraddress?: string | undefined;
  /**
   * A token that is exchanged for access tokens; used instead of a password.
   */
  identitytoken?: string | undefined;
  /** A token that is sent unchanged, for registries that ask for one. */
  registrytoken?: string | undefined;
}

const FIELDS = [
  "username",
  "password",
  "auth",
  "serveraddress",
  "identitytoken",
  "registrytoken",
] as const;

/**
 * Checks a login and decodes its `auth`.
 *
 * @param what Names the login, for the error.
 * @throws {TypeError} If it is no login; the message holds no value.
 */
export function checkAuthConfig(
  what: string,
  value: unknown,
): Omit<AuthConfig, "auth"> {
  if (!isPlainObject(value)) {
    throw new TypeError(
      `Cannot use ${what}: expected an object such as { username, password }${
        plainObjectHint(value)
      }`,
    );
  }
  const config: AuthConfig = {};
  for (const field of FIELDS) {
    const text = (value as Readonly<Record<string, unknown>>)[field];
    if (text === undefined || text === null || text === "") continue;
    if (typeof text !== "string") {
      throw new TypeError(`Cannot use ${what}: "${field}" is not text`);
    }
    config[field] = text;
  }
  const { auth, ...rest } = config;
  return auth === undefined ? rest : { ...rest, ...splitAuth(what, auth) };
}

/**
 * Decodes `base64(username:password)`. A password may contain a colon; NUL
 * bytes around it are padding.
 */
function splitAuth(
  what: string,
  auth: string,
): { username: string; password: string } {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(Uint8Array.fromBase64(auth));
  } catch {
    text = ""; // no cause: its message could show a piece of the value
  }
  const colon = text.indexOf(":");
  if (colon < 1) {
    throw new TypeError(
      `Cannot use ${what}: its "auth" is not base64 of "username:password"`,
    );
  }
  return {
    username: text.slice(0, colon),
    password: text.slice(colon + 1).replace(/^\0+|\0+$/g, ""),
  };
}
