/**
 * The bytes are no private key, or one that can't be used; the message quotes
 * nothing of them.
 */
export class PrivateKeyError extends Error {
  /** Always `PrivateKeyError`. */
  override readonly name: string = "PrivateKeyError";
}

/** The error for a key that is protected by a passphrase. */
export function passphrase(): PrivateKeyError {
  return new PrivateKeyError(
    "it is protected by a passphrase; add it to an ssh agent (ssh-add) and give the agent",
  );
}
