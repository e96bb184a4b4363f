/**
 * The encodings in which a secret is looked for, as the bytes of the encoded
 * text.
 *
 * @module
 */

const encoder = new TextEncoder();
const HEX = ["0123456789abcdef", "0123456789ABCDEF"] as const;

/**
 * The base64 characters that `value` alone decides when it stands behind
 * `offset` other bytes (0, 1 or 2 modulo 3) of the encoded stream.
 *
 * A character carries 6 bits; those that also carry bits of a neighbour are
 * left out: 0, 2 or 3 in front, at most one behind. Padding is left out too.
 *
 * @see RFC 4648 section 4
 */
export function encodeBase64At(
  value: Uint8Array,
  offset: 0 | 1 | 2,
): Uint8Array {
  let shifted = value;
  if (offset > 0) {
    shifted = new Uint8Array(offset + value.length);
    shifted.set(value, offset);
  }
  const front = offset === 0 ? 0 : offset + 1;
  const end = Math.floor(shifted.length * 8 / 6);
  return encoder.encode(shifted.toBase64()).subarray(
    front,
    Math.max(front, end),
  );
}

/**
 * The same base64 text in the URL-safe alphabet, or `undefined` if it is the
 * same in both.
 *
 * @see RFC 4648 section 5
 */
export function toUrlAlphabet(base64: Uint8Array): Uint8Array | undefined {
  let copy: Uint8Array | undefined;
  for (let i = 0; i < base64.length; i++) {
    const byte = base64[i];
    if (byte === 0x2b || byte === 0x2f) {
      copy ??= base64.slice();
      copy[i] = byte === 0x2b ? 0x2d : 0x5f;
    }
  }
  return copy;
}

/** The text of two hex digits a byte, with no separator, as bytes. */
export function encodeHexDigits(
  value: Uint8Array,
  letters: "lower" | "upper",
): Uint8Array {
  const digits = encoder.encode(HEX[letters === "lower" ? 0 : 1]);
  const out = new Uint8Array(value.length * 2);
  for (let i = 0; i < value.length; i++) {
    const byte = value[i]!;
    out[2 * i] = digits[byte >> 4]!;
    out[2 * i + 1] = digits[byte & 15]!;
  }
  return out;
}
