interface Base64Constructor {
  fromBase64?(text: string): Uint8Array<ArrayBuffer>;
}

interface Base64Bytes {
  toBase64?(): string;
}

const native = Uint8Array as unknown as Base64Constructor;

/** Decodes base64; undefined if it is none. */
export function fromBase64(
  text: string,
): Uint8Array<ArrayBuffer> | undefined {
  try {
    // The platform's own is young: the oldest Deno that is served lacks it.
    if (native.fromBase64 !== undefined) return native.fromBase64(text);
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined; // said by the name: anything may stand in a message
  }
}

/** Encodes base64, with padding. */
export function toBase64(bytes: Uint8Array): string {
  const young: Base64Bytes = bytes;
  if (young.toBase64 !== undefined) return young.toBase64();
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
