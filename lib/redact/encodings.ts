/**
 * The encodings a secret is looked for in, as bytes of the text they give.
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";

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
  const front = Math.ceil(offset * 8 / 6);
  const end = Math.floor(shifted.length * 8 / 6);
  return encoder.encode(encodeBase64(shifted)).subarray(
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

/** Two hex digits a byte, with no separator. */
export function encodeHex(
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

const ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** What each percent-encoder leaves as it is; `+` stands for a space where `plus`. */
const PERCENT_SETS: readonly { readonly safe: string; readonly plus?: true }[] =
  [
    { safe: ALNUM + "-_.!~*'()" }, // encodeURIComponent (ECMA-262)
    { safe: ALNUM + "-_.~" }, // every byte but unreserved (RFC 3986 2.3)
    { safe: ALNUM + "-_.~/" }, // paths: Python's urllib.parse.quote
    { safe: ALNUM + "-_.~", plus: true }, // Go's url.QueryEscape, Python's quote_plus
    { safe: ALNUM + "-_.*", plus: true }, // application/x-www-form-urlencoded (WHATWG URL)
  ];

/**
 * Every different text that the usual percent-encoders make of `value`, in
 * upper and lower case hex. What equals `value` itself is not given.
 */
export function* encodePercent(value: Uint8Array): Generator<Uint8Array> {
  const present = [...new Set(value)];
  // Two encoders that agree on each byte present give the same text: they are
  // compared by table, so that no long text is made only to be dropped.
  const seen = new Set([String.fromCharCode(...present)]);
  for (const digits of HEX) {
    for (const { safe, plus } of PERCENT_SETS) {
      const table: string[] = [];
      for (const byte of present) {
        const plain = String.fromCharCode(byte);
        if (plus && byte === 0x20) table[byte] = "+";
        else if (safe.includes(plain)) table[byte] = plain;
        else table[byte] = "%" + digits[byte >> 4] + digits[byte & 15];
      }
      const signature = present.map((byte) => table[byte]).join("");
      if (seen.has(signature)) continue;
      seen.add(signature);
      yield translate(value, table);
    }
  }
}

function translate(value: Uint8Array, table: string[]): Uint8Array {
  let length = 0;
  for (const byte of value) length += table[byte]!.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const byte of value) {
    const text = table[byte]!;
    for (let i = 0; i < text.length; i++) out[at++] = text.charCodeAt(i);
  }
  return out;
}

const unicodeEscape = (unit: string) =>
  "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0");

const upperEscape = (unit: string) =>
  "\\u" + unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");

/** Each entry turns the text of `JSON.stringify` into that of another encoder. */
const JSON_STYLES: readonly ((json: string) => string)[] = [
  (json) => json, // JSON.stringify; Go with SetEscapeHTML(false), but for U+2028
  (json) => json.replace(/[<>&\u2028\u2029]/g, unicodeEscape), // Go's encoding/json
  // Go before 1.22 knew no \b and no \f
  (json) =>
    json.replace(/[<>&\u2028\u2029]/g, unicodeEscape)
      .replace(/\\[\s\S]/g, (pair) =>
        pair === "\\b" ? "\\u0008" : pair === "\\f" ? "\\u000c" : pair),
  (json) => json.replaceAll("/", "\\/"), // the slash may be escaped (RFC 8259 section 7)
  (json) => json.replace(/[\x7f-\uffff]/g, unicodeEscape), // Python's json.dumps
  (json) =>
    json.replace(/[\x80-\uffff]/g, unicodeEscape).replaceAll("/", "\\/"), // PHP's json_encode
  (json) => json.replace(/[\x7f-\uffff]/g, upperEscape), // Jackson with ESCAPE_NON_ASCII
  // System.Text.Json; its pairs are those of JSON.stringify but for the quote
  (json) =>
    json.replace(/\\[\s\S]/g, (pair) => pair === '\\"' ? "\\u0022" : pair)
      .replace(/[+&'<>`\x7f-\uffff]/g, upperEscape),
  (json) => JSON.stringify(json).slice(1, -1), // a JSON text in a JSON text
];

/**
 * Every different text that the usual JSON encoders make of `text`, without
 * the quotes round it. What equals `text` itself is not given.
 */
export function* encodeJson(text: string): Generator<Uint8Array> {
  const json = JSON.stringify(text).slice(1, -1);
  const seen = new Set([text]);
  for (const style of JSON_STYLES) {
    const styled = style(json);
    if (seen.has(styled)) continue;
    seen.add(styled);
    yield encoder.encode(styled);
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** How an apostrophe is written: as it is, in HTML, in XML, by Go. */
const APOSTROPHES = ["'", "&#39;", "&apos;", "&#x27;"];

/**
 * Every different text that the usual encoders of HTML and XML make of `text`.
 * What equals `text` itself is not given.
 */
export function* encodeHtml(text: string): Generator<Uint8Array> {
  const seen = new Set([text]);
  // Within an element quotes may stay as they are.
  for (const escaped of [/[&<>"]/g, /[&<>]/g]) {
    const html = text.replace(escaped, (char) => ENTITIES[char]!);
    for (const apostrophe of APOSTROPHES) {
      const styled = html.replaceAll("'", apostrophe);
      if (seen.has(styled)) continue;
      seen.add(styled);
      yield encoder.encode(styled);
    }
  }
}
