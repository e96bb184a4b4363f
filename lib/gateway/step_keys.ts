import { Secret } from "../secrets/secret.ts";

/**
 * The end of a host name that only the gateway makes; no real host ends in
 * `.invalid` (RFC 6761).
 */
export const STEP_HOST_DOMAIN = "davit-gateway.invalid";

/** Length of the secret part: 128 bits, in hexadecimal. */
export const STEP_KEY_BYTES = 32;

/** The key by which a build's steps differ from those of other builds. */
export interface StepKey {
  /** A value for the parameter `extrahosts`. */
  readonly extraHost: string;
  /** The part of it that other clients must not learn. */
  readonly secret: Secret;
}

const encoder = new TextEncoder();

/**
 * Keeps the steps of builds with different secrets apart. An engine runs a step
 * that two builds have in common only once, and later takes it from its cache,
 * whatever secrets it ran with. An entry for `/etc/hosts` is part of every
 * step's identity, on all engines, and does not change what the step does:
 * builds with the same secrets get the same entry, any other build another one.
 *
 * The entry is computed (HMAC) from ids and values with a key that only this
 * gateway knows, so nobody can compute another client's entry without having
 * all its secrets.
 */
export class StepKeys {
  readonly #key: CryptoKey;

  private constructor(key: CryptoKey) {
    this.#key = key;
  }

  /** Makes a random key. */
  static async create(): Promise<StepKeys> {
    const key = await crypto.subtle.generateKey(
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
    return new StepKeys(key);
  }

  /**
   * The key for all steps of a build with these secrets; there must be at least
   * one.
   */
  async of(
    secrets: readonly (readonly [id: string, secret: Secret])[],
  ): Promise<StepKey> {
    const parts = secrets.map(([id, secret]) =>
      [encoder.encode(id), secret.reveal()] as const
    ).sort(([a], [b]) => compare(a, b)).flat();
    // Each part has its length before it: so no two lists give the same bytes.
    const framed = parts.flatMap((part) => [
      new Uint8Array(new Uint32Array([part.length]).buffer),
      part,
    ]);
    const mac = await crypto.subtle.sign(
      "HMAC",
      this.#key,
      await new Blob(framed).bytes(),
    );
    const name = new Uint8Array(mac, 0, STEP_KEY_BYTES / 2).toHex();
    return {
      extraHost: `${name}.${STEP_HOST_DOMAIN}:0.0.0.0`,
      secret: new Secret(name),
    };
  }
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}
