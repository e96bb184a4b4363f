/** Types of `@std/encoding/hex`, whose npm form carries none. */

/** Lower case, two digits a byte. */
export function encodeHex(src: string | Uint8Array | ArrayBuffer): string;
