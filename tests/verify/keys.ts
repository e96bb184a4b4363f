import { encodeBase64 } from "../support/base64.ts";

const KINDS: Readonly<
  Record<"RSA" | "Ed25519", RsaHashedKeyGenParams | Algorithm>
> = {
  RSA: {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
  Ed25519: { name: "Ed25519" },
};

/** A new private key, in PEM. */
export async function newKey(
  kind: keyof typeof KINDS = "RSA",
): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(
    KINDS[kind],
    true,
    ["sign"],
  ) as CryptoKeyPair;
  const bytes = await crypto.subtle.exportKey("pkcs8", privateKey);
  const lines = encodeBase64(new Uint8Array(bytes)).match(/.{1,64}/g)!;
  return `-----BEGIN PRIVATE KEY-----\n${
    lines.join("\n")
  }\n-----END PRIVATE KEY-----\n`;
}

/** A new token, with characters that every encoding writes otherwise. */
export function newToken(): string {
  const random = crypto.randomUUID().replaceAll("-", "");
  return `tk-${random.slice(0, 9)}+x/${random.slice(9, 15)}=&${
    random.slice(15, 20)
  }`;
}
