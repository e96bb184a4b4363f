import { Secret } from "../secrets/secret.ts";
import { type AuthConfig, checkAuthConfig } from "./auth_config.ts";
import { registryName, serverAddress } from "./registry_name.ts";

/**
 * A login for one registry. Its secret values are not shown when it is printed.
 */
export class Login {
  /** The registry's normalized name. */
  readonly registry: string;
  /** Name of the user; empty where there are only tokens. */
  readonly username: string;
  /** Password or access token. */
  readonly password: Secret | undefined;
  /** A token that is exchanged for access tokens. */
  readonly identityToken: Secret | undefined;
  /** A token that is sent unchanged. */
  readonly registryToken: Secret | undefined;

  /**
   * @param registry The registry's normalized name.
   * @param config The login.
   * @param what Names the login, for errors.
   * @throws {TypeError} If it is no login, or one for another registry.
   */
  constructor(registry: string, config: AuthConfig, what: string) {
    const { username, password, identitytoken, registrytoken, serveraddress } =
      checkAuthConfig(what, config);
    if (
      serveraddress !== undefined && registryName(serveraddress) !== registry
    ) {
      throw new TypeError(
        `Cannot use ${what}: its "serveraddress" names another registry`,
      );
    }
    this.registry = registry;
    this.username = username ?? "";
    this.password = hidden(password);
    this.identityToken = hidden(identitytoken);
    this.registryToken = hidden(registrytoken);
  }

  /**
   * Whether all fields are empty, which means that no login is to be used for
   * this registry.
   */
  get isEmpty(): boolean {
    return this.password === undefined && this.identityToken === undefined &&
      this.registryToken === undefined;
  }

  /**
   * All values to mask: as they are, and in the encoding in which they are
   * sent.
   */
  secrets(): Secret[] {
    const { username, password, identityToken, registryToken } = this;
    return [
      password,
      password &&
      new Secret(
        new TextEncoder().encode(`${username}:${shown(password)}`).toBase64(),
      ),
      identityToken,
      registryToken,
    ].filter((secret) => secret !== undefined);
  }

  /** The login in the engine's field names. Send it, but do not print it. */
  reveal(): AuthConfig {
    const { username, password, identityToken, registryToken } = this;
    return {
      ...(username === "" ? {} : { username }),
      ...(password === undefined ? {} : { password: shown(password) }),
      ...(identityToken === undefined
        ? {}
        : { identitytoken: shown(identityToken) }),
      ...(registryToken === undefined
        ? {}
        : { registrytoken: shown(registryToken) }),
      serveraddress: serverAddress(this.registry),
    };
  }

  /**
   * The login in the form that a session gives to an engine. An identity token
   * is given without a user name.
   */
  forSession(): { username: string; secret: string } {
    if (this.identityToken !== undefined) {
      return { username: "", secret: shown(this.identityToken) };
    }
    return this.password === undefined
      ? { username: "", secret: "" }
      : { username: this.username, secret: shown(this.password) };
  }
}

function hidden(value: string | undefined): Secret | undefined {
  return value === undefined ? undefined : new Secret(value);
}

function shown(secret: Secret): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(secret.reveal());
}
