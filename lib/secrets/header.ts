import type { Secret } from "./secret.ts";

/** Name of the request header that carries build secrets. */
export const SECRETS_HEADER = "X-BuildKit-Secrets";

/**
 * The longest header value that is sent, in characters: 512 KiB. An engine
 * accepts 1 MiB for the whole request head, including the query.
 */
export const MAX_SECRETS_HEADER: number = 512 * 1024;

/**
 * The value of the header: base64 (standard alphabet, padded) of a JSON object
 * of names to values. A value that is not UTF-8 becomes `{"base64": "…"}`.
 *
 * @param marks Whether values that are marked as visible are written as
 * `{"base64": "…", "visible": true}`, which a davit gateway reads.
 */
export function encodeSecretsHeader(
  secrets: Iterable<readonly [id: string, secret: Secret]>,
  marks = false,
): string {
  const object = Object.fromEntries(
    Array.from(secrets, ([id, secret]) => {
      const bytes = secret.reveal();
      return [
        id,
        marks && secret.visible
          ? { base64: bytes.toBase64(), visible: true }
          : jsonValue(bytes),
      ];
    }),
  );
  return new TextEncoder().encode(JSON.stringify(object)).toBase64();
}

/**
 * Whether these secrets fit into the header; computed without building a header
 * of many megabytes.
 */
export function fitsSecretsHeader(
  secrets: readonly (readonly [id: string, secret: Secret])[],
  marks = false,
): boolean {
  const bytes = secrets.reduce((sum, [, secret]) => sum + secret.byteLength, 0);
  return bytes <= MAX_SECRETS_HEADER &&
    encodeSecretsHeader(secrets, marks).length <= MAX_SECRETS_HEADER;
}

function jsonValue(
  bytes: Uint8Array<ArrayBuffer>,
): string | { base64: string } {
  try {
    // Without `ignoreBOM` the decoder would remove a byte order mark, which is
    // part of the value.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
  } catch {
    return { base64: bytes.toBase64() };
  }
}
