import { createPrivateKey } from "node:crypto";
import { readOpensshKey } from "./openssh_key.ts";
import { passphrase, PrivateKeyError } from "./private_key_error.ts";
import { importKey, type SigningKey } from "./signing_key.ts";

/**
 * The lines around the base64 text of a private key (RFC 7468), with any label.
 */
const ENVELOPE_REGEXP =
  /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----([\s\S]*?)-----END \1-----/;

/**
 * Reads a private key: OpenSSH's own format, or PEM in the forms PKCS #8, PKCS
 * #1 and SEC 1.
 *
 * No library is used: npm's `sshpk` and `ssh2` bring ciphers or a whole
 * protocol of their own, while Deno has all the cryptography that is needed
 * here, and only one small format remains to be read.
 *
 * @param bytes The contents of a key file.
 * @throws {PrivateKeyError} If it is no private key, or one that can't be used.
 */
export async function readPrivateKey(bytes: Uint8Array): Promise<SigningKey> {
  const text = new TextDecoder().decode(bytes);
  const found = ENVELOPE_REGEXP.exec(text);
  if (found === null) {
    throw new PrivateKeyError(
      /^(?:ssh|ecdsa|sk)-|-----BEGIN .*PUBLIC KEY-----/.test(text)
        ? "it is a public key; give the private one"
        : "it is no private key in OpenSSH's format or PEM",
    );
  }
  const [envelope, label = "", body = ""] = found;
  // The marks of an encrypted key in PKCS #8 and in older PEM. OpenSSH's format
  // has its mark inside of the base64 text.
  if (label.startsWith("ENCRYPTED") || body.includes(",ENCRYPTED")) {
    throw passphrase();
  }
  let key: SigningKey | undefined;
  try {
    key = await importKey(
      label === "OPENSSH PRIVATE KEY"
        ? readOpensshKey(body)
        : readPem(envelope),
    );
  } catch (cause) {
    if (cause instanceof PrivateKeyError) throw cause;
    // Deno before 2.7.3 does not know the curve P-521.
    const isCurve = cause instanceof TypeError &&
      cause.message.includes("unsupported ec named curve");
    throw new PrivateKeyError(
      isCurve
        ? "its curve is none that this Deno knows: update it, or use another key"
        : "it is a broken private key",
      { cause },
    );
  }
  if (key === undefined) {
    throw new PrivateKeyError(
      "its type can't be used; Ed25519, ECDSA and RSA can",
    );
  }
  return key;
}

function readPem(envelope: string): JsonWebKey {
  // The type of node's JWK differs from the web's only in how it declares
  // optional fields.
  return createPrivateKey(envelope).export({ format: "jwk" }) as JsonWebKey;
}
