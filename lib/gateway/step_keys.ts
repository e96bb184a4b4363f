import { Secret } from "../secrets/secret.ts";

/** The end of a name that only the gateway gives to hosts; `.invalid` is nobody's (RFC 6761). */
export const STEP_HOST_DOMAIN = "davit-gateway.invalid";

/** Bytes of what others must not know of it: 128 bits, in hexadecimal. */
export const STEP_KEY_BYTES = 32;

/** What keeps a build's steps apart from those of others. */
export interface StepKey {
  /** A value of `extrahosts`. */
  readonly extraHost: string;
  /** The part of it that others must not know. */
  readonly secret: Secret;
}

const encoder = new TextEncoder();

/**
 * Keeps the steps of builds with different secrets apart. An engine runs a step
 * that two builds have in common once, and takes it from its cache later, with
 * whatever secrets it ran. An entry for `/etc/hosts` is a part of every step's
 * identity, on all engines, and does not change what the step does: builds with
 * the same secrets get the same one, any other build another.
 *
 * It is made of ids and values by a key that only this gateway has, so nobody
 * can make another's without having all its secrets.
 */
export class StepKeys {
  readonly #key: CryptoKey;

  private constructor(key: CryptoKey) {
    this.#key = key;
  }

  /** Draws a key. */
  static async create(): Promise<StepKeys> {
    const key = await crypto.subtle.generateKey(
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
    return new StepKeys(key);
  }

  /** The key of all steps of a build with these secrets; there is one at least. */
  async of(
    secrets: readonly (readonly [id: string, secret: Secret])[],
  ): Promise<StepKey> {
    const parts = secrets.map(([id, secret]) =>
      [encoder.encode(id), secret.reveal()] as const
    ).sort(([a], [b]) => compare(a, b)).flat();
    // With its length before each, no two lists are the same bytes.
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
