// What TLS says when it fails, in words that tell what to do. The words are
// those of rustls, which Deno uses; with TLS 1.3 a server refuses the client's
// certificate only after the client's handshake has ended, so that this comes
// with the first bytes that are read.

/** Words of rustls, or of node's TLS, and what they mean. */
const FAULTS: readonly (readonly [words: RegExp, meaning: Meaning])[] = [
  [
    /alert: ?CertificateRequired|certificate required/i,
    ({ hasClient }) =>
      hasClient
        ? "it asks for a client certificate, and does not know the authority of the one that was given (tls.cert)"
        : "it asks for a client certificate: give tls.cert and tls.key",
  ],
  [
    /alert: ?(?:CertificateExpired)|alert certificate expired/i,
    () => "the client's certificate (tls.cert) has expired, it says",
  ],
  [
    /alert: ?(?:UnknownCA|BadCertificate|CertificateUnknown|UnsupportedCertificate|CertificateRevoked|AccessDenied|DecryptError)/i,
    () =>
      "it refused the client's certificate: is tls.cert issued by the authority that the daemon was started with (--tlscacert), and valid?",
  ],
  [
    /alert: ?NoApplicationProtocol/i,
    () =>
      "what listens there speaks TLS, but no HTTP/2 over it; is it a BuildKit daemon?",
  ],
  [
    /keys may not be consistent|KeyMismatch|key values mismatch/i,
    () => "tls.key is not the key of tls.cert",
  ],
  [
    // By rustls an authority of the same name, but with another key, is a bad signature.
    /UnknownIssuer|BadSignature|signature failure|unable to (?:get|verify)|self[- ]signed/i,
    ({ hasCa }) =>
      hasCa
        ? "its certificate is not issued by the authority in tls.ca (cacert of a builder's driver options): give the certificate of the one that issued it"
        : "its certificate is issued by an authority that is not known here: give that authority's certificate as tls.ca (cacert of a builder's driver options)",
  ],
  [
    /NotValidForName|not valid for name|altnames/i,
    () =>
      "its certificate is for another name: use a name that it has in the address, or give that name as tls.serverName",
  ],
  [
    /NotValidYet|not valid yet|not yet valid/i,
    () => "its certificate is not valid yet: are the clocks right?",
  ],
  [
    /expired/i,
    () => "its certificate has expired: renew it, or check the clocks",
  ],
  [
    /corrupt message|InvalidContentType|wrong version number/i,
    () =>
      "what listens there does not speak TLS: was the daemon started with --tlscert, and is that its port?",
  ],
];

/** What is known besides the error. */
interface TlsFacts {
  /** Whether a client certificate was given. */
  readonly hasClient: boolean;
  /** Whether an authority was given. */
  readonly hasCa: boolean;
}

type Meaning = (facts: TlsFacts) => string;

/**
 * What a failure of TLS means, with TLS's own words behind; undefined if it is
 * none of TLS.
 */
export function tlsFault(cause: Error, facts: TlsFacts): string | undefined {
  for (let error: unknown = cause; error instanceof Error;) {
    const { message } = error;
    const found = FAULTS.find(([words]) => words.test(message));
    if (found !== undefined) return `${found[1](facts)} (${message})`;
    error = error.cause;
  }
  return undefined;
}
