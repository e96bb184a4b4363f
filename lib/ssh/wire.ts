/** A field is longer than the bytes that are left. */
export class WireError extends Error {
  /** Always `WireError`. */
  override readonly name: string = "WireError";
}

/**
 * Reads values of the data types of RFC 4251, section 5, one after the other.
 */
export class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  /** @param bytes The bytes to read, from the first one on. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next `length` bytes, as a view. */
  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new WireError("data was cut off");
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** Reads a `byte`. */
  byte(): number {
    return this.bytes(1)[0]!;
  }

  /** Reads a `uint32`. */
  uint32(): number {
    const { buffer, byteOffset } = this.bytes(4);
    return new DataView(buffer, byteOffset).getUint32(0);
  }

  /** Reads the bytes of a `string`, as a view. */
  string(): Uint8Array {
    return this.bytes(this.uint32());
  }

  /** Reads a `string` as text. */
  text(): string {
    return new TextDecoder().decode(this.string());
  }

  /**
   * Reads the bytes of an `mpint` that is not negative, without leading zeros.
   */
  mpint(): Uint8Array {
    const bytes = this.string();
    let zeros = 0;
    while (bytes[zeros] === 0) zeros++;
    return bytes.subarray(zeros);
  }

  /** The bytes that are left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#at);
  }
}

/** Joins byte arrays into one. */
export function joined(
  ...parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Writes a `uint32`. */
export function uint32(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** Writes a `string`; text is encoded as UTF-8. */
export function string(value: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = typeof value === "string"
    ? new TextEncoder().encode(value)
    : value;
  return joined(uint32(bytes.length), bytes);
}

/**
 * Writes an `mpint` from the big-endian bytes of a number that is not negative.
 */
export function mpint(value: Uint8Array): Uint8Array<ArrayBuffer> {
  let zeros = 0;
  while (value[zeros] === 0) zeros++;
  const digits = value.subarray(zeros);
  // A zero byte goes in front, because a number whose first bit is set would be
  // negative.
  const sign = digits[0]! >= 0x80 ? [0] : []; // of no digits there is no first
  return string(joined(Uint8Array.from(sign), digits));
}
