// @ts-types="../std/base64.d.ts"
import { encodeBase64 } from "@std/encoding/base64";
import { Secret } from "../secrets/secret.ts";
import { type AuthConfig, checkAuthConfig } from "./auth_config.ts";
import { registryName, serverAddress } from "./registry_name.ts";

/** A login for one registry, whose values don't show when it is printed. */
export class Login {
  /** The registry's name in its one spelling. */
  readonly registry: string;
  /** Name of the user; empty beside tokens alone. */
  readonly username: string;
  /** Password or access token. */
  readonly password: Secret | undefined;
  /** A token to be traded for access tokens. */
  readonly identityToken: Secret | undefined;
  /** A token to be sent as it is. */
  readonly registryToken: Secret | undefined;

  /**
   * @param registry The registry, in its one spelling.
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

  /** Whether there is nothing in it: an explicit "no login here". */
  get isEmpty(): boolean {
    return this.password === undefined && this.identityToken === undefined &&
      this.registryToken === undefined;
  }

  /** Everything that must not be seen, as it is and as it travels. */
  secrets(): Secret[] {
    const { username, password, identityToken, registryToken } = this;
    return [
      password,
      password && new Secret(encodeBase64(`${username}:${shown(password)}`)),
      identityToken,
      registryToken,
    ].filter((secret) => secret !== undefined);
  }

  /** The login in the engine's field names, to be sent and not to be printed. */
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

  /** What a session gives an engine that asks: an identity token goes without a user's name. */
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
