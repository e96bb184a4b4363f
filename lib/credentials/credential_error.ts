/** A registry's login can't be had: a broken config file, a helper that failed, a function that threw. */
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
