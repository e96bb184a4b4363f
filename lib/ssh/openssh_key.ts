import { passphrase, PrivateKeyError } from "./private_key_error.ts";
import { WireReader } from "./wire.ts";

/** The first bytes of the format. */
const MAGIC = "openssh-key-v1\0";

/**
 * For each curve by its name in ssh: WebCrypto's name, and the length of its
 * numbers in bytes.
 */
const CURVES: Readonly<
  Record<string, { readonly crv: string; readonly bytes: number }>
> = {
  nistp256: { crv: "P-256", bytes: 32 },
  nistp384: { crv: "P-384", bytes: 48 },
  nistp521: { crv: "P-521", bytes: 66 },
};

/**
 * Reads a key in OpenSSH's own format, which its PROTOCOL.key describes.
 *
 * @param body The base64 text between the first and the last line.
 * @throws {PrivateKeyError} If it can't be used.
 * @throws If it is broken.
 */
export function readOpensshKey(body: string): JsonWebKey {
  const reader = new WireReader(Uint8Array.fromBase64(body));
  const magic = new TextDecoder().decode(reader.bytes(MAGIC.length));
  if (magic !== MAGIC) throw new PrivateKeyError("its version is unknown");
  const cipher = reader.text();
  reader.string(); // name of the key derivation function
  reader.string(); // parameters of that function
  if (cipher !== "none") throw passphrase();
  if (reader.uint32() !== 1) {
    throw new PrivateKeyError("it holds other than one key");
  }
  reader.string(); // the public key, which the private one holds, too
  return readPrivatePart(new WireReader(reader.string()));
}

function readPrivatePart(reader: WireReader): JsonWebKey {
  // Two check numbers, which are equal if the passphrase is right. A key
  // without a passphrase always has equal ones.
  if (reader.uint32() !== reader.uint32()) throw broken();
  const type = reader.text();
  const jwk = readFields(type, reader);
  reader.string(); // the comment
  if (reader.rest().some((byte, at) => byte !== at + 1)) throw broken();
  return jwk;
}

function readFields(type: string, reader: WireReader): JsonWebKey {
  if (type === "ssh-ed25519") return readEd25519(reader);
  if (type === "ssh-rsa") return readRsa(reader);
  if (type.startsWith("ecdsa-sha2-")) return readEcdsa(reader);
  throw new PrivateKeyError(
    type.startsWith("sk-")
      ? "it is on a security key; add it to an ssh agent (ssh-add) and give the agent"
      : `its type ${
        JSON.stringify(type)
      } can't be used; Ed25519, ECDSA and RSA can`,
  );
}

function readEd25519(reader: WireReader): JsonWebKey {
  const x = reader.string();
  const seedAndX = new WireReader(reader.string());
  const d = seedAndX.bytes(32);
  return { kty: "OKP", crv: "Ed25519", d: encode(d), x: encode(x) };
}

function readEcdsa(reader: WireReader): JsonWebKey {
  const curve = CURVES[reader.text()];
  const point = new WireReader(reader.string());
  // Only uncompressed points are read; ssh uses no others.
  if (curve === undefined || point.byte() !== 4) throw broken();
  const { crv, bytes } = curve;
  const x = point.bytes(bytes);
  const y = point.bytes(bytes);
  const d = padded(reader.mpint(), bytes);
  return { kty: "EC", crv, x: encode(x), y: encode(y), d: encode(d) };
}

function readRsa(reader: WireReader): JsonWebKey {
  const next = () => reader.mpint();
  const [n, e, d, qi, p, q] = [next(), next(), next(), next(), next(), next()];
  return {
    kty: "RSA",
    n: encode(n),
    e: encode(e),
    d: encode(d),
    p: encode(p),
    q: encode(q),
    dp: encode(bytesOf(numberOf(d) % (numberOf(p) - 1n))),
    dq: encode(bytesOf(numberOf(d) % (numberOf(q) - 1n))),
    qi: encode(qi),
  };
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x0${bytes.toHex()}`);
}

function bytesOf(number: bigint): Uint8Array {
  const digits = number.toString(16);
  return Uint8Array.fromHex(
    digits.padStart(digits.length + digits.length % 2, "0"),
  );
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length > length) throw broken();
  const whole = new Uint8Array(length);
  whole.set(bytes, length - bytes.length);
  return whole;
}

function encode(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function broken(): PrivateKeyError {
  return new PrivateKeyError("it is a broken private key");
}
