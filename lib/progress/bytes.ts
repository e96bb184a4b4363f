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
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  } catch {
    return undefined; // said by the name: anything may stand in a message
  }
}

/** Encodes base64, with padding. */
export function toBase64(bytes: Uint8Array): string {
  const young: Base64Bytes = bytes;
  if (young.toBase64 !== undefined) return young.toBase64();
  const parts: string[] = [];
  // A call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 0x2000) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + 0x2000)));
  }
  return btoa(parts.join(""));
}
