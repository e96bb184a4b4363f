/** The bytes of an Ed25519 signature, which stands before the payload that it signs. */
const SIGNATURE_BYTES = 64;

/**
 * The keys by which an engine knows that it is still asking the client whose
 * tokens it holds. One for each registry, made for this session and forgotten
 * with it: so no other session can be given this one's tokens.
 */
export class TokenAuthority {
  readonly #keys = new Map<string, Promise<CryptoKeyPair>>();

  /** The public key for a registry, 32 bytes. */
  async publicKey(host: string): Promise<Uint8Array<ArrayBuffer>> {
    let keys = this.#keys.get(host);
    if (keys === undefined) {
      keys = crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])
        .then((pair) => pair as CryptoKeyPair);
      this.#keys.set(host, keys);
    }
    const { publicKey } = await keys;
    return new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  }

  /**
   * A signature and the payload behind it, as NaCl's `crypto_sign` has them;
   * undefined for a registry whose key nobody asked for.
   */
  async sign(
    host: string,
    payload: Uint8Array,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const keys = await this.#keys.get(host);
    if (keys === undefined) return undefined;
    const signature = await crypto.subtle.sign(
      "Ed25519",
      keys.privateKey,
      new Uint8Array(payload),
    );
    const signed = new Uint8Array(SIGNATURE_BYTES + payload.length);
    signed.set(new Uint8Array(signature));
    signed.set(payload, SIGNATURE_BYTES);
    return signed;
  }
}
