import { checkOptionNames } from "../option_names.ts";
import { type PemSource, readPem } from "../transport/pem.ts";

/** How TLS is spoken with a BuildKit daemon. */
export interface BuilderTls {
  /**
   * The authorities whose certificates the daemon may have; those that Deno
   * trusts, unless given.
   */
  readonly ca?: PemSource | undefined;
  /** The client's certificate, where the daemon asks for one. */
  readonly cert?: PemSource | undefined;
  /** The private key of `cert`. */
  readonly key?: PemSource | undefined;
  /**
   * The name that the daemon's certificate has, if it is another one than the
   * address has.
   */
  readonly serverName?: string | undefined;
}

const NAMES = {
  ca: true,
  cert: true,
  key: true,
  serverName: true,
} satisfies Record<keyof BuilderTls, true>;

/** Certificates that were read, in PEM. */
export interface TlsMaterial {
  readonly ca: string | undefined;
  /** The client's certificate and its key; both or none. */
  readonly client: { readonly cert: string; readonly key: string } | undefined;
  readonly serverName: string | undefined;
}

/**
 * Reads the certificates.
 *
 * @throws {TypeError} If one of them is missing, can't be read, is no
 * PEM, is cut off or encrypted.
 * What a key or a certificate holds is never quoted.
 */
export async function readTls(tls: BuilderTls): Promise<TlsMaterial> {
  checkOptionNames("use TLS", tls, NAMES);
  const { ca, cert, key, serverName } = tls;
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined
      ? ["key", "cert"]
      : ["cert", "key"];
    throw wrong(`${given} is given without ${missing}`);
  }
  if (
    serverName !== undefined &&
    (typeof serverName !== "string" || !/^[\w.:-]+$/.test(serverName))
  ) {
    throw wrong("serverName is the name of a host");
  }
  return {
    ca: ca === undefined ? undefined : await readPem("ca", ca, wrong),
    client: cert === undefined || key === undefined ? undefined : {
      cert: await readPem("cert", cert, wrong),
      key: await readPem("key", key, wrong, "PRIVATE KEY"),
    },
    serverName,
  };
}

function wrong(why: string, cause?: unknown): TypeError {
  return new TypeError(
    `Cannot use TLS: ${why}`,
    cause === undefined ? {} : { cause },
  );
}
