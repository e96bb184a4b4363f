// @ts-types="../std/base64.d.ts"
import { decodeBase64 } from "@std/encoding/base64";
import { pathOfUrl } from "../file_url.ts";
import { checkOptionNames } from "../option_names.ts";

/**
 * A certificate or a key in PEM: a path or a `file:` URL, or the PEM itself, as
 * bytes or as text that begins with `-----BEGIN`.
 */
export type PemSource = string | URL | Uint8Array;

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
    ca: ca === undefined ? undefined : await readPem("ca", ca, "CERTIFICATE"),
    client: cert === undefined || key === undefined ? undefined : {
      cert: await readPem("cert", cert, "CERTIFICATE"),
      key: await readPem("key", key, "PRIVATE KEY"),
    },
    serverName,
  };
}

async function readPem(
  name: keyof BuilderTls,
  source: PemSource,
  label: string,
): Promise<string> {
  const { text, from } = await textOf(name, source);
  const blocks = [...text.matchAll(
    new RegExp(
      `(?:^|\\n)-----BEGIN ([A-Z ]*${label})-----([^]*?)(-----END \\1-----|$)`,
      "g",
    ),
  )];
  if (blocks.length === 0) throw wrong(`${from} holds no ${label} in PEM`);
  for (const [, name = "", content = "", end] of blocks) {
    if (/ENCRYPTED/.test(name + content)) {
      throw wrong(`${from} is encrypted: give a key without a password`);
    }
    if (end === "" || !isWhole(content)) {
      throw wrong(`the ${name} in ${from} is damaged, or was cut off`);
    }
  }
  return text;
}

/**
 * Whether what stands between the lines of PEM is base64 of a whole sequence in
 * DER. What else is wrong with it, TLS says; this it would say in words that name
 * no file, or not at all.
 */
function isWhole(content: string): boolean {
  let der: Uint8Array;
  try {
    der = decodeBase64(content.replace(/\s/g, ""));
  } catch {
    return false;
  }
  const [tag, first = 0] = der;
  const digits = first > 0x7f ? first & 0x7f : 0;
  const length = digits === 0
    ? first
    : der.subarray(2, 2 + digits).reduce((sum, byte) => sum * 256 + byte, 0);
  return tag === 0x30 && der.length >= 2 + digits + length;
}

async function textOf(
  name: keyof BuilderTls,
  source: PemSource,
): Promise<{ readonly text: string; readonly from: string }> {
  if (source instanceof Uint8Array) {
    return { text: new TextDecoder().decode(source), from: name };
  }
  if (typeof source === "string" && /^\s*-----BEGIN/.test(source)) {
    return { text: source, from: name };
  }
  const isPath = typeof source === "string" && source !== "" &&
    !source.includes("\n");
  if (!isPath && !(source instanceof URL)) {
    throw wrong(`${name} is a path, a file: URL, or PEM as bytes or text`);
  }
  const path = source instanceof URL || source.startsWith("file:")
    ? pathOfUrl(source)
    : source;
  try {
    return {
      text: await Deno.readTextFile(path),
      from: `${name} ${JSON.stringify(path)}`,
    };
  } catch (cause) {
    throw wrong(
      `${name} can not be read: ${(cause as Error).message}`,
      cause,
    );
  }
}

function wrong(why: string, cause?: unknown): TypeError {
  return new TypeError(
    `Cannot use TLS: ${why}`,
    cause === undefined ? {} : { cause },
  );
}
