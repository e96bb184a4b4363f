import { type HeaderField, STATIC_TABLE } from "./hpack_table.ts";

/**
 * Indexes in the static table: of whole fields by `name\0value`, and of names.
 */
const FIELD_INDEX = new Map<string, number>();
const NAME_INDEX = new Map<string, number>();
STATIC_TABLE.forEach(([name, value], position) => {
  FIELD_INDEX.set(`${name}\0${value}`, position + 1);
  if (!NAME_INDEX.has(name)) NAME_INDEX.set(name, position + 1);
});

/**
 * Names that can be sent: a pseudo header or a lower-case token (RFC 9113
 * section 8.2.1).
 */
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/**
 * Values that can be sent: one byte per character, without NUL and line breaks.
 */
const VALUE = /^[^\0\r\n\u{100}-\u{10ffff}]*$/u;

/**
 * Encodes a header list as one block.
 *
 * Fields of the static table become one byte; all others become literals that
 * are not indexed. So the peer's dynamic table stays empty, and a block does
 * not depend on earlier ones.
 *
 * @throws {TypeError} If a name is not a lower-case token, or a value has a
 * line break, a NUL or a character above U+00FF.
 */
export function encodeHeaders(
  fields: readonly HeaderField[],
): Uint8Array {
  // Room for each field: a length takes at most 5 bytes, an index or a prefix
  // one or two.
  let room = 0;
  for (const [name, value] of fields) room += name.length + value.length + 12;
  const out = new Uint8Array(room);
  let at = 0;
  for (const [name, value] of fields) {
    if (!NAME.test(name)) {
      throw new TypeError(
        `Cannot send header ${JSON.stringify(name)}: bad name`,
      );
    }
    if (!VALUE.test(value)) {
      throw new TypeError(`Cannot send header "${name}": bad value`);
    }
    const whole = FIELD_INDEX.get(`${name}\0${value}`);
    if (whole !== undefined) {
      out[at++] = 0x80 | whole; // below 127, as all of the static table
      continue;
    }
    const known = NAME_INDEX.get(name);
    if (known === undefined) {
      out[at++] = 0;
      at = writeString(out, at, name);
    } else {
      at = writeInteger(out, at, 4, known);
    }
    at = writeString(out, at, value);
  }
  return out.subarray(0, at);
}

/**
 * Writes an integer after a prefix whose other bits are 0 (RFC 7541 section
 * 5.1); returns the index after it.
 */
function writeInteger(
  out: Uint8Array,
  at: number,
  prefixBits: number,
  value: number,
): number {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    out[at++] = value;
    return at;
  }
  out[at++] = mask;
  value -= mask;
  for (; value >= 0x80; value >>>= 7) out[at++] = value | 0x80;
  out[at++] = value;
  return at;
}

/** Writes a string without Huffman code; returns the index after it. */
function writeString(out: Uint8Array, at: number, text: string): number {
  at = writeInteger(out, at, 7, text.length);
  for (let i = 0; i < text.length; i++) out[at++] = text.charCodeAt(i);
  return at;
}
