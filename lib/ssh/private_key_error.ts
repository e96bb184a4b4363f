/** Bytes that are no private key, or none that can be used; the message holds nothing of them. */
export class PrivateKeyError extends Error {
  /** Always `PrivateKeyError`. */
  override readonly name: string = "PrivateKeyError";
}

/** The refusal of a key that only its owner can open. */
export function passphrase(): PrivateKeyError {
  return new PrivateKeyError(
    "it is protected by a passphrase; add it to an ssh agent (ssh-add) and give the agent",
  );
}
