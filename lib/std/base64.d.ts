/** Types of `@std/encoding/base64`, whose npm form carries none. */

/** Standard alphabet with padding (RFC 4648, section 4). */
export function encodeBase64(data: ArrayBuffer | Uint8Array | string): string;

/** @throws {TypeError} If `b64` is not base64. */
export function decodeBase64(b64: string): Uint8Array<ArrayBuffer>;
