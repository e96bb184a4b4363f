/**
 * A registry's login could not be read or fetched: the config file is broken, a
 * helper failed, or a function threw.
 */
export class CredentialError extends Error {
  /** Always `CredentialError`. */
  override readonly name: string = "CredentialError";
  /** The registry that the login is for, never the login. */
  readonly registry: string;

  /** Names the registry. */
  constructor(registry: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.registry = registry;
  }
}
