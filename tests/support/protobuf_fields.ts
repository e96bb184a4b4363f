/**
 * Reads the fields of a protobuf message without its schema. This is enough for
 * the two messages that are part of gRPC itself, and for a message that holds
 * only bytes, through which every byte of a nested session passes.
 *
 * @module
 */

/** A field: its number, and its value as a number or as bytes. */
export type ProtobufField = readonly [
  number: number,
  value: number | Uint8Array,
];

/** The wire types of fields, by protobuf's numbers. */
const WireType = { VARINT: 0, FIXED64: 1, BYTES: 2, FIXED32: 5 } as const;

/** The longest varint of 64 bits, in bytes. */
const MAX_VARINT_BYTES = 10;

/**
 * Reads the fields in order; bytes are views of the message. A varint above
 * 2^53 is not exact; fields of a fixed length are returned as bytes.
 *
 * @throws {RangeError} If the bytes are not a message.
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

/**
 * The tag and the length that come before `length` bytes in field 1 of a
 * message.
 */
export function firstFieldPrefix(length: number): Uint8Array<ArrayBuffer> {
  const prefix = [1 * 8 + WireType.BYTES];
  for (; length >= 0x80; length = Math.floor(length / 0x80)) {
    prefix.push(length % 0x80 | 0x80);
  }
  prefix.push(length);
  return Uint8Array.from(prefix);
}

function fail(what: string): never {
  throw new RangeError(`Protobuf message can't be read: ${what}`);
}
