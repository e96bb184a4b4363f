import { joined, mpint, string } from "./wire.ts";

/** A private key that signs, and can't be read any more. */
export interface SigningKey {
  /** The public key as ssh writes it (RFC 4253, section 6.6). */
  readonly publicKey: Uint8Array;
  /**
   * Signs these bytes.
   *
   * @param flags Of the agent protocol: which hash an RSA key is to use.
   * @returns The signature with the name of its algorithm before it.
   */
  sign(data: Uint8Array, flags: number): Promise<Uint8Array>;
}

/** ECDSA by its curve (RFC 5656): ssh's name of the curve, and the hash. */
const CURVES: Readonly<
  Record<string, { readonly name: string; readonly hash: string }>
> = {
  "P-256": { name: "nistp256", hash: "SHA-256" },
  "P-384": { name: "nistp384", hash: "SHA-384" },
  "P-521": { name: "nistp521", hash: "SHA-512" },
};

/**
 * RSA by the flag that asks for it (RFC 8332). Who sets none means the oldest,
 * which only servers of long ago still take.
 */
const RSA_ALGORITHMS = [
  { flag: 2, name: "rsa-sha2-256", hash: "SHA-256" },
  { flag: 4, name: "rsa-sha2-512", hash: "SHA-512" },
  { flag: 0, name: "ssh-rsa", hash: "SHA-1" },
] as const;

/**
 * Takes a private key over into the runtime's keeping.
 *
 * @returns The key; undefined if it is of a kind that ssh doesn't have.
 * @throws If it is none.
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
      // WebCrypto puts both numbers side by side, padded.
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
  // A key of WebCrypto is bound to its hash.
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

/** WebCrypto takes no view of memory that could be shared. */
function own(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data);
}

function decode(base64url: string): Uint8Array {
  return Uint8Array.fromBase64(base64url, { alphabet: "base64url" });
}
