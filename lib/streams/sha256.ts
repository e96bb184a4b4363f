/**
 * The SHA-256 of bytes, or of a text in UTF-8.
 *
 * @returns 64 digits in lower case.
 */
export async function sha256(
  data: string | Uint8Array<ArrayBuffer>,
): Promise<string> {
  const bytes = typeof data === "string"
    ? new TextEncoder().encode(data)
    : data;
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(hash).toHex();
}
