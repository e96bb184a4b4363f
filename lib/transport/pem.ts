// @ts-types="../std/base64.d.ts"
import { decodeBase64 } from "@std/encoding/base64";
import { pathOfUrl } from "../file_url.ts";

/**
 * A certificate or a key in PEM: a path or a `file:` URL, or the PEM itself, as
 * bytes or as text that begins with `-----BEGIN`; before certificates anything
 * may stand, as bundles have it.
 */
export type PemSource = string | URL | Uint8Array;

/** What is read, by its label in PEM. */
type PemLabel = "CERTIFICATE" | "PRIVATE KEY";

/** How text is known that is PEM, and no path. */
const BEGINS: Readonly<Record<PemLabel, RegExp>> = {
  "CERTIFICATE": /-----BEGIN/,
  "PRIVATE KEY": /^\s*-----BEGIN/,
};

/**
 * Reads certificates, or a private key.
 *
 * @param name What it is, for the error.
 * @param wrong Makes the error, which never quotes what was read.
 */
export async function readPem(
  name: string,
  source: PemSource,
  wrong: (why: string, cause?: unknown) => Error,
  label: PemLabel = "CERTIFICATE",
): Promise<string> {
  const { text, from } = await textOf(name, source, wrong, label);
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
  name: string,
  source: PemSource,
  wrong: (why: string, cause?: unknown) => Error,
  label: PemLabel,
): Promise<{ readonly text: string; readonly from: string }> {
  if (source instanceof Uint8Array) {
    return { text: new TextDecoder().decode(source), from: name };
  }
  if (typeof source === "string" && BEGINS[label].test(source)) {
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
