import { joined, mpint, string } from "./wire.ts";

/** A private key that can sign; the key itself can't be read from it. */
export interface SigningKey {
  /** The public key in ssh's encoding (RFC 4253, section 6.6). */
  readonly publicKey: Uint8Array;
  /**
   * Signs these bytes.
   *
   * @param flags The flags of the request: which hash an RSA key is to use.
   * @returns The signature with the name of its algorithm before it.
   */
  sign(data: Uint8Array, flags: number): Promise<Uint8Array>;
}

/** The ECDSA curves (RFC 5656), with ssh's name of the curve, and the hash. */
const CURVES: Readonly<
  Record<string, { readonly name: string; readonly hash: string }>
> = {
  "P-256": { name: "nistp256", hash: "SHA-256" },
  "P-384": { name: "nistp384", hash: "SHA-384" },
  "P-521": { name: "nistp521", hash: "SHA-512" },
};

/**
 * The RSA algorithms by the flag that asks for them (RFC 8332). Without a flag
 * the oldest one is meant, which only very old servers still accept.
 */
const RSA_ALGORITHMS = [
  { flag: 2, name: "rsa-sha2-256", hash: "SHA-256" },
  { flag: 4, name: "rsa-sha2-512", hash: "SHA-512" },
  { flag: 0, name: "ssh-rsa", hash: "SHA-1" },
] as const;

/**
 * Imports a private key into the runtime, from which it can't be exported.
 *
 * @returns The key; undefined if ssh has no keys of this type.
 * @throws If it is no valid key.
 */
export async function importKey(
  jwk: JsonWebKey,
): Promise<SigningKey | undefined> {
  if (jwk.kty === "OKP" && jwk.crv === "Ed25519") {
    return await importEd25519(jwk);
  }
  if (jwk.kty === "EC") return await importEcdsa(jwk);
  if (jwk.kty === "RSA") return await importRsa(jwk);
  return undefined;
}

async function importEd25519(jwk: JsonWebKey): Promise<SigningKey> {
  const key = await takeOver(jwk, { name: "Ed25519" });
  return {
    publicKey: joined(string("ssh-ed25519"), string(decode(jwk.x!))),
    async sign(data) {
      const signature = await crypto.subtle.sign("Ed25519", key, own(data));
      return joined(string("ssh-ed25519"), string(new Uint8Array(signature)));
    },
  };
}

async function importEcdsa(jwk: JsonWebKey): Promise<SigningKey | undefined> {
  const curve = CURVES[jwk.crv!];
  if (curve === undefined) return undefined;
  const key = await takeOver(jwk, { name: "ECDSA", namedCurve: jwk.crv! });
  const algorithm = `ecdsa-sha2-${curve.name}`;
  const point = joined(Uint8Array.of(4), decode(jwk.x!), decode(jwk.y!));
  return {
    publicKey: joined(string(algorithm), string(curve.name), string(point)),
    async sign(data) {
      const signature = new Uint8Array(
        await crypto.subtle.sign(
          { name: "ECDSA", hash: curve.hash },
          key,
          own(data),
        ),
      );
      // WebCrypto gives the two numbers of the signature side by side, in equal
      // length.
      const half = signature.length / 2;
      const numbers = joined(
        mpint(signature.subarray(0, half)),
        mpint(signature.subarray(half)),
      );
      return joined(string(algorithm), string(numbers));
    },
  };
}

async function importRsa(jwk: JsonWebKey): Promise<SigningKey> {
  // A key of WebCrypto works with one hash only, so it is imported once for
  // each.
  const algorithms = await Promise.all(
    RSA_ALGORITHMS.map(async ({ flag, name, hash }) => ({
      flag,
      name,
      key: await takeOver(jwk, { name: "RSASSA-PKCS1-v1_5", hash }),
    })),
  );
  return {
    publicKey: joined(
      string("ssh-rsa"),
      mpint(decode(jwk.e!)),
      mpint(decode(jwk.n!)),
    ),
    async sign(data, flags) {
      const { name, key } = algorithms.find(({ flag }) => flags & flag) ??
        algorithms.at(-1)!;
      const signature = await crypto.subtle.sign(
        "RSASSA-PKCS1-v1_5",
        key,
        own(data),
      );
      return joined(string(name), string(new Uint8Array(signature)));
    },
  };
}

function takeOver(
  jwk: JsonWebKey,
  algorithm: Algorithm | EcKeyImportParams | RsaHashedImportParams,
): Promise<CryptoKey> {
  return crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);
}

/** A copy, because WebCrypto accepts no view of memory that may be shared. */
function own(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data);
}

function decode(base64url: string): Uint8Array {
  return Uint8Array.fromBase64(base64url, { alphabet: "base64url" });
}
