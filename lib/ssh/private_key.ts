import { createPrivateKey } from "node:crypto";
import { readOpensshKey } from "./openssh_key.ts";
import { passphrase, PrivateKeyError } from "./private_key_error.ts";
import { importKey, type SigningKey } from "./signing_key.ts";

/** A text envelope around a private key (RFC 7468), of whatever kind. */
const ENVELOPE_REGEXP =
  /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----([\s\S]*?)-----END \1-----/;

/**
 * Reads a private key: OpenSSH's own format, or PEM in the forms PKCS #8,
 * PKCS #1 and SEC 1.
 *
 * Without a library: npm's `sshpk` and `ssh2` bring ciphers or a whole protocol
 * of their own, while all cryptography here is Deno's, and what is left is one
 * small format.
 *
 * @param bytes The contents of a key file.
 * @throws {PrivateKeyError} If it is none, or none that can be used.
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
  // The marks of PKCS #8 and of older PEM; OpenSSH's format has its own inside.
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
    // Before Deno 2.7.3 for P-521.
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
  // The two types differ in nothing but how they say that a field may be absent.
  return createPrivateKey(envelope).export({ format: "jwk" }) as JsonWebKey;
}
