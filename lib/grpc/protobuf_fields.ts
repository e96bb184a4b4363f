/**
 * The fields of a protobuf message without its schema: enough for the two
 * messages that gRPC itself brings along, and for a message of nothing but
 * bytes, which is on the way of each byte of a nested session.
 *
 * @module
 */

/** A field: its number, and its value as a number, or as the bytes it is made of. */
export type ProtobufField = readonly [
  number: number,
  value: number | Uint8Array,
];

/** How a field is written; the numbers are protobuf's. */
const WireType = { VARINT: 0, FIXED64: 1, BYTES: 2, FIXED32: 5 } as const;

/** A varint of 64 bits takes no more. */
const MAX_VARINT_BYTES = 10;

/**
 * Reads the fields in order, bytes as views of the message. A varint above
 * 2^53 is not exact; fixed numbers come as their bytes.
 *
 * @throws {RangeError} If that is no message.
 */
export function* protobufFields(
  message: Uint8Array,
): Generator<ProtobufField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = message[at++];
      if (byte === undefined) fail("cut off");
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    fail("a number without an end");
  };
  const bytes = (length: number): Uint8Array => {
    const start = at;
    at += length;
    if (at > message.length) fail("cut off");
    return message.subarray(start, at);
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number === 0) fail("a field without a number");
    switch (tag % 8) {
      case WireType.VARINT:
        yield [number, varint()];
        break;
      case WireType.FIXED64:
        yield [number, bytes(8)];
        break;
      case WireType.BYTES:
        yield [number, bytes(varint())];
        break;
      case WireType.FIXED32:
        yield [number, bytes(4)];
        break;
      default:
        fail("a field of no known kind");
    }
  }
}

/** What stands in front of `length` bytes that are field 1 of a message. */
export function firstFieldPrefix(length: number): Uint8Array<ArrayBuffer> {
  const prefix = [1 * 8 + WireType.BYTES];
  for (; length >= 0x80; length = Math.floor(length / 0x80)) {
    prefix.push(length % 0x80 + 0x80);
  }
  prefix.push(length);
  return Uint8Array.from(prefix);
}

function fail(what: string): never {
  throw new RangeError(`Protobuf message can't be read: ${what}`);
}
