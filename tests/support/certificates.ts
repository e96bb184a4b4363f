// Certificates for tests that need more than tests/transport/certs: another
// authority, one that has expired, another name. X.509 is RFC 5280, its
// encoding DER.

/** A certificate with its private key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says; for 127.0.0.1 and localhost, from yesterday to next year, unless given. */
export interface CertificateOptions {
  /** Host names and IPv4 addresses. */
  readonly names?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** An authority of a test's own. */
export interface Authority {
  /** Its own certificate, PEM. */
  readonly ca: string;
  /** A certificate for a server and a client alike. */
  issue(options?: CertificateOptions): Promise<Certificate>;
}

const DAY_MS = 86_400_000;
const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;

/** Tags of DER. */
const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const OID = {
  commonName: "2.5.4.3",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

/** Makes an authority whose key is never written anywhere. */
export async function makeAuthority(
  name: string = "davit-test-authority",
): Promise<Authority> {
  const keys = await newKeys();
  const own = await certificate(name, name, keys.publicKey, keys.privateKey, [
    // The authority of authorities: it may sign certificates.
    extension(OID.basicConstraints, der(TAG.sequence, bytes(0x01, 1, 0xff))),
    extension(OID.keyUsage, der(TAG.bits, bytes(2, 0x04))),
  ], {});
  return {
    ca: pem("CERTIFICATE", own),
    async issue(options = {}) {
      const leaf = await newKeys();
      const { names = ["127.0.0.1", "localhost"] } = options;
      const cert = await certificate(
        name,
        "davit-test",
        leaf.publicKey,
        keys.privateKey,
        [
          extension(OID.keyUsage, der(TAG.bits, bytes(7, 0x80))),
          extension(
            OID.extKeyUsage,
            der(TAG.sequence, oid(OID.serverAuth), oid(OID.clientAuth)),
          ),
          extension(
            OID.subjectAltName,
            der(TAG.sequence, ...names.map(generalName)),
          ),
        ],
        options,
      );
      const key = await crypto.subtle.exportKey("pkcs8", leaf.privateKey);
      return {
        cert: pem("CERTIFICATE", cert),
        key: pem("PRIVATE KEY", new Uint8Array(key)),
      };
    },
  };
}

async function newKeys(): Promise<CryptoKeyPair> {
  const usages: KeyUsage[] = ["sign", "verify"];
  return await crypto.subtle.generateKey(CURVE, true, usages) as CryptoKeyPair;
}

async function certificate(
  issuer: string,
  subject: string,
  key: CryptoKey,
  signer: CryptoKey,
  extensions: readonly Uint8Array[],
  options: CertificateOptions,
): Promise<Uint8Array> {
  const {
    notBefore = new Date(Date.now() - DAY_MS),
    notAfter = new Date(Date.now() + 365 * DAY_MS),
  } = options;
  const algorithm = der(TAG.sequence, oid(OID.ecdsaWithSha256));
  const serial = crypto.getRandomValues(new Uint8Array(8));
  serial[0] = 0x40;
  const signed = der(
    TAG.sequence,
    der(0xa0, integer(2)), // version 3
    der(TAG.integer, serial),
    algorithm,
    commonName(issuer),
    der(TAG.sequence, time(notBefore), time(notAfter)),
    commonName(subject),
    new Uint8Array(await crypto.subtle.exportKey("spki", key)),
    der(0xa3, der(TAG.sequence, ...extensions)),
  );
  const raw = new Uint8Array(
    await crypto.subtle.sign(
      { name: "ECDSA", hash: "SHA-256" },
      signer,
      signed,
    ),
  );
  const signature = der(
    TAG.sequence,
    unsigned(raw.subarray(0, 32)),
    unsigned(raw.subarray(32)),
  );
  const bits = der(TAG.bits, bytes(0), signature);
  return der(TAG.sequence, signed, algorithm, bits);
}

function commonName(name: string): Uint8Array {
  const text = der(TAG.utf8, new TextEncoder().encode(name));
  const attribute = der(TAG.sequence, oid(OID.commonName), text);
  return der(TAG.sequence, der(TAG.set, attribute));
}

/** A name of subjectAltName: 7 is an address, 2 a host. */
function generalName(name: string): Uint8Array {
  return /^[\d.]+$/.test(name)
    ? der(0x87, bytes(...name.split(".").map(Number)))
    : der(0x82, new TextEncoder().encode(name));
}

function extension(id: string, value: Uint8Array): Uint8Array {
  return der(TAG.sequence, oid(id), der(TAG.octets, value));
}

function time(date: Date): Uint8Array {
  const digits = date.toISOString().replace(/\..*$|[-T:]/g, "");
  return der(TAG.time, new TextEncoder().encode(`${digits}Z`));
}

function integer(value: number): Uint8Array {
  return der(TAG.integer, bytes(value));
}

/** A number that is not negative, of big-endian bytes, in as few as it needs. */
function unsigned(value: Uint8Array): Uint8Array {
  let start = 0;
  while (start < value.length - 1 && value[start] === 0) start++;
  const short = value.subarray(start);
  return der(TAG.integer, short[0]! < 0x80 ? bytes() : bytes(0), short);
}

function oid(id: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = id.split(".").map(Number);
  const parts = rest.flatMap((part) => {
    const groups = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) {
      groups.unshift(left & 0x7f | 0x80);
    }
    return groups;
  });
  return der(TAG.oid, bytes(first * 40 + second, ...parts));
}

function der(
  tag: number,
  ...parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  const whole = new Uint8Array(1 + size.length + length);
  whole.set([tag, ...size]);
  let at = 1 + size.length;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function bytes(...values: number[]): Uint8Array {
  return new Uint8Array(values);
}

function pem(label: string, data: Uint8Array): string {
  const lines = btoa(String.fromCharCode(...data)).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${
    lines.join("\n")
  }\n-----END ${label}-----\n`;
}
