/**
 * Decodes base64; undefined if the text is not base64, since a message may hold
 * any text.
 */
export function fromBase64(
  text: string,
): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}

/** Encodes base64, with padding. */
export function toBase64(bytes: Uint8Array): string {
  return bytes.toBase64();
}
