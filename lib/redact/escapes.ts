/**
 * What the escapes of many languages say, read at one place of a text.
 *
 * An escape may be read in several ways: `\26` is a character of C's in octal,
 * of Lua's in decimal and of CSS's in hex. All are given; which is meant, tells
 * the value that is looked for.
 *
 * @module
 */

import { ENTITIES, MAX_NAME } from "./entities.ts";
import { STRINGS } from "./inside.ts";
import {
  HEX,
  IS_CONTROL,
  isLayer,
  isNameByte,
  MAX_ESCAPE_BYTES,
  SIGN,
} from "./introducers.ts";

export { MAX_ESCAPE_BYTES };

/** The families of escapes, as bits. */
export const FAMILY = {
  /** `%41`, `%u0041`, `+` for a space. */
  percent: 1,
  /** The escapes that JSON knows. */
  json: 2,
  /** Entities, by name or number. */
  html: 4,
  /** Other escapes with a backslash, quotes of shells, doubled quotes. */
  escape: 8,
  /** `=41` and soft line ends. */
  quotedPrintable: 16,
} as const;

/** How often one encoding may be put over another of its kind: `%2525…`, `&amp;amp;…`. */
const MAX_LEVELS = 4;
/** Backslashes before one escape: 3 encodings over each other make 8 of one. */
const MAX_BACKSLASHES = 16;
const MAX_DIGITS = 12;
/** An escape within other escapes is no longer, in bytes. */
const MAX_LAYER_BYTES = 12;
/** Families that are put over others. */
const LAYERS = [FAMILY.percent, FAMILY.html, FAMILY.json] as const;

/**
 * The character that a letter after a backslash stands for; 0 for the letter
 * itself.
 */
const LETTERS = new Uint8Array(256);
const JSON_LETTERS = new Uint8Array(256);
for (
  const [letter, code, isJson] of [
    ["n", 10, 1],
    ["r", 13, 1],
    ["t", 9, 1],
    ["b", 8, 1],
    ["f", 12, 1],
    ["v", 11, 0],
    ["a", 7, 0],
    ["e", 27, 0],
    ["E", 27, 0],
    ["s", 32, 0],
  ] as const
) {
  LETTERS[letter.charCodeAt(0)] = code;
  JSON_LETTERS[letter.charCodeAt(0)] = isJson;
}
for (const char of '"\\/') JSON_LETTERS[char.charCodeAt(0)] = 1;

/**
 * Reads the escape at a place of a text. Its lists hold the result of the last
 * reading, and are used again by the next one.
 */
export class EscapeReader {
  /** In how many ways the escape can be read. */
  count = 0;
  /** For each way: how many bytes of the text it takes. */
  readonly lengths: number[] = [];
  /** For each way: the family of the escape. */
  readonly families: number[] = [];
  /**
   * For each way: the index in `bytes` at which its result ends; it begins
   * where that of the previous way ends.
   */
  readonly ends: number[] = [];
  /** The results of all ways, one after the other. */
  readonly bytes: number[] = [];
  /** Whether the text ends before the escape is complete. */
  cut = false;

  #text!: Uint8Array;
  #end!: number;
  /** Read escapes of escapes. */
  #inner: EscapeReader | undefined;
  #outer: EscapeReader | undefined;

  /**
   * Reads at index `at`, in a text that ends at `end`.
   *
   * @returns Whether there is an escape, or may be one.
   */
  read(text: Uint8Array, at: number, end: number): boolean {
    this.#readOne(text, at, end);
    if (this.#isLayered(text, at, end)) {
      this.#inner ??= new EscapeReader();
      this.#outer ??= new EscapeReader();
      for (const family of LAYERS) this.#layer(family, text, at, end);
    }
    // What was cut because it is too long is none.
    if (end - at >= MAX_ESCAPE_BYTES) this.cut = false;
    return this.count > 0 || this.cut;
  }

  #readOne(text: Uint8Array, at: number, end: number): void {
    this.count = 0;
    this.bytes.length = 0;
    this.cut = false;
    this.#text = text;
    this.#end = Math.min(end, at + MAX_ESCAPE_BYTES);
    switch (text[at]) {
      case SIGN.percent:
        return this.#percent(at);
      case SIGN.ampersand:
        return this.#entity(at);
      case SIGN.backslash:
        return this.#backslash(at);
      case SIGN.equals:
        return this.#quotedPrintable(at);
      case SIGN.plus:
        return this.#byte(1, FAMILY.percent, SIGN.space);
      case SIGN.quote:
      case SIGN.doubleQuote:
        return this.#nothing(1, FAMILY.escape);
      default:
        return IS_CONTROL[text[at]!] === 1 ? this.#control(at) : this.#sign(at);
    }
  }

  /** What a terminal does not show, of as many bytes as it has. */
  #control(at: number): void {
    const first = this.#text[at]!;
    let length = 0;
    if (first === SIGN.escape) {
      // There are displays that take out the sign alone.
      this.#nothing(1, FAMILY.escape);
      length = this.#sequence(at, this.#at(at + 1), 2);
    } else if (first === 0xc2) {
      const second = this.#at(at + 1);
      if (second >= 0x80 && second < 0xa0) {
        this.#nothing(2, FAMILY.escape);
        // These are the same as ESC with a letter.
        length = this.#sequence(at, second - 0x40, 2);
      }
    } else if (first === 0xd8) {
      length = this.#at(at + 1) === 0x9c ? 2 : 0;
    } else if (first === 0xe2) {
      const second = this.#at(at + 1);
      if (second === 0x80) {
        const third = this.#at(at + 2);
        const isMark = isIn(third, 0x8e, 0x8f) || isIn(third, 0xa8, 0xae);
        if (isMark) length = 3;
      } else if (second === 0x81 && isIn(this.#at(at + 2), 0xa6, 0xa9)) {
        length = 3;
      }
    } else length = 1;
    if (length > 0) this.#nothing(length, FAMILY.escape);
  }

  /**
   * A sequence of ECMA-48.
   *
   * @param kind Its second character, as it stands behind ESC.
   * @param start Bytes up to there.
   * @returns Its length; 0 if it is longer than any that is looked at.
   */
  #sequence(at: number, kind: number, start: number): number {
    let to = at + start;
    if (kind === 0x5b) { // [
      while (isIn(this.#at(to), 0x30, 0x3f)) to++;
      while (isIn(this.#at(to), 0x20, 0x2f)) to++;
      if (isIn(this.#at(to), 0x40, 0x7e)) to++;
    } else if (STRINGS.includes(kind)) {
      while (true) {
        const byte = this.#at(to);
        if (byte < 0) return 0;
        if (byte === 0x07) return to + 1 - at;
        if (byte === SIGN.escape) {
          return (this.#at(to + 1) === SIGN.backslash ? to + 2 : to) - at;
        }
        if (byte === 0xc2 && this.#at(to + 1) === 0x9c) return to + 2 - at;
        to++;
      }
    } else if (this.#text[at] === SIGN.escape) {
      to = at + 1;
      while (isIn(this.#at(to), 0x20, 0x2f)) to++;
      if (isIn(this.#at(to), 0x30, 0x7e)) to++;
    }
    return to - at;
  }

  /** Whether what stands there may be an escape of an escape. */
  #isLayered(text: Uint8Array, at: number, end: number): boolean {
    // A sign that is written plainly, and one behind it: `\&quot;`.
    if (isLayer(text[at]!) && at + 1 < end) {
      const next = text[at + 1]!;
      if (isLayer(next) && next !== text[at]) return true;
    }
    for (let way = 0, from = 0; way < this.count; way++) {
      const to = this.ends[way]!;
      const byte = this.bytes[from]!;
      // Of one kind over itself the readers below know.
      if (to === from + 1 && byte !== text[at] && isLayer(byte)) return true;
      from = to;
    }
    return false;
  }

  /** Reads escapes of one family away, and then what is there: `%5C%22`. */
  #layer(family: number, text: Uint8Array, at: number, end: number): void {
    const outer = this.#outer!;
    const inner = this.#inner!;
    const last = Math.min(end, at + MAX_ESCAPE_BYTES);
    const read: number[] = [];
    /** By byte that was read: where it ends. */
    const until: number[] = [];
    let isChanged = false;
    let from = at;
    while (from < last && read.length < MAX_LAYER_BYTES) {
      let length = 1;
      let byte = text[from]!;
      if (isLayer(byte)) {
        outer.#readOne(text, from, last);
        const way = outer.#firstOf(family);
        this.cut ||= outer.cut;
        if (way >= 0) {
          length = outer.lengths[way]!;
          byte = outer.bytes[outer.ends[way]! - 1]!;
          isChanged = true;
        }
      }
      from += length;
      read.push(byte);
      until.push(from - at);
    }
    if (!isChanged || !isLayer(read[0]!)) return;
    inner.#readOne(Uint8Array.from(read), 0, read.length);
    for (let way = 0, first = 0; way < inner.count; way++) {
      const behind = inner.ends[way]!;
      const length = inner.lengths[way]!;
      // What an escape of the outer family is in is one of both.
      for (let i = first; i < behind; i++) this.bytes.push(inner.bytes[i]!);
      this.#nothing(until[length - 1]!, family | inner.families[way]!);
      first = behind;
    }
    this.cut ||= inner.cut && from >= end;
  }

  /** The first way of a family that says one byte, or -1. */
  #firstOf(family: number): number {
    for (let way = 0, from = 0; way < this.count; way++) {
      const to = this.ends[way]!;
      if (to === from + 1 && this.families[way] === family) return way;
      from = to;
    }
    return -1;
  }

  #percent(at: number): void {
    let from = at + 1;
    for (let level = 0; level < MAX_LEVELS; level++) {
      const first = this.#at(from);
      if (first === SIGN.percent && level === 0) {
        this.#byte(2, FAMILY.percent, SIGN.percent);
        return;
      }
      if (first === 0x75) { // u
        const again = `%${"25".repeat(level)}u`;
        this.#unit(at, from + 1, FAMILY.percent, again);
        return;
      }
      const byte = this.#hex(from, 2);
      if (byte < 0) return;
      this.#codePoint(from + 2 - at, FAMILY.percent, byte);
      if (byte !== SIGN.percent) return;
      from += 2;
    }
  }

  #entity(at: number): void {
    let from = at + 1;
    for (let level = 0; level < MAX_LEVELS; level++) {
      if (this.#at(from) === 0x23) { // #
        this.#number(at, from + 1);
        return;
      }
      let name = "";
      let byte = this.#at(from);
      while (isNameByte(byte) && name.length <= MAX_NAME) {
        name += String.fromCharCode(byte);
        byte = this.#at(++from);
      }
      const code = ENTITIES.get(name);
      if (code === undefined) return;
      if (byte !== SIGN.semicolon) {
        this.#codePoint(from - at, FAMILY.html, code);
        return;
      }
      from++;
      this.#codePoint(from - at, FAMILY.html, code);
      if (code !== SIGN.ampersand) return;
    }
  }

  #number(at: number, from: number): void {
    const isHex = (this.#at(from) | 0x20) === 0x78; // x
    let to = isHex ? from + 1 : from;
    let code = 0;
    let digits = 0;
    while (true) {
      const digit = this.#digit(to);
      if (digit < 0 || !isHex && digit > 9) break;
      code = code * (isHex ? 16 : 10) + digit;
      if (++digits > MAX_DIGITS) return;
      to++;
    }
    if (digits === 0) return;
    // With its semicolon first: so it is read where it writes another escape.
    if (this.#at(to) === SIGN.semicolon) {
      this.#codePoint(to + 1 - at, FAMILY.html, code);
    }
    this.#codePoint(to - at, FAMILY.html, code);
  }

  #backslash(at: number): void {
    let slashes = 1;
    while (
      slashes < MAX_BACKSLASHES && this.#at(at + slashes) === SIGN.backslash
    ) {
      slashes++;
    }
    for (let n = 2; n <= slashes; n *= 2) {
      this.#byte(n, FAMILY.json, SIGN.backslash);
    }
    const from = at + slashes;
    const byte = this.#at(from);
    if (byte < 0 || byte === SIGN.backslash) return;
    const length = slashes + 1;
    const code = LETTERS[byte]!;
    if (code !== 0) {
      this.#byte(
        length,
        JSON_LETTERS[byte] === 1 ? FAMILY.json : FAMILY.escape,
        code,
      );
    }
    if (byte === SIGN.lf) this.#nothing(length, FAMILY.escape);
    else if (byte === SIGN.cr && this.#at(from + 1) === SIGN.lf) {
      this.#nothing(length + 1, FAMILY.escape);
    }
    this.#byte(
      length,
      JSON_LETTERS[byte] === 1 ? FAMILY.json : FAMILY.escape,
      byte,
    );
    switch (byte) {
      case 0x75: // u
        this.#unit(at, from + 1, FAMILY.json, "\\".repeat(slashes) + "u");
        this.#braced(at, from + 1);
        break;
      case 0x55: { // U
        const wide = this.#hex(from + 1, 8);
        if (wide >= 0) this.#codePoint(length + 8, FAMILY.escape, wide);
        break;
      }
      case 0x78: { // x
        for (const digits of [1, 2]) {
          const value = this.#hex(from + 1, digits);
          if (value < 0) break;
          this.#codePoint(length + digits, FAMILY.escape, value);
        }
        this.#braced(at, from + 1);
        break;
      }
      default:
        this.#digits(at, from);
    }
  }

  /** Digits behind a backslash: octal, decimal, or hex with a blank behind. */
  #digits(at: number, from: number): void {
    let octal = 0;
    let decimal = 0;
    let hex = 0;
    for (let n = 1; n <= 6; n++) {
      const digit = this.#digit(from + n - 1);
      if (digit < 0) return;
      const length = from + n - at;
      hex = hex * 16 + digit;
      octal = digit > 7 ? Infinity : octal * 8 + digit;
      decimal = digit > 9 ? Infinity : decimal * 10 + digit;
      if (n <= 3 && octal < 256) {
        this.#codePoint(length, FAMILY.escape, octal);
      }
      if (n <= 3 && decimal < 256) {
        this.#codePoint(length, FAMILY.escape, decimal);
      }
      this.#codePoint(length, FAMILY.escape, hex);
      if (this.#at(from + n) === SIGN.space) {
        this.#codePoint(length + 1, FAMILY.escape, hex);
      }
    }
  }

  /** `{1f600}` of `\u{1f600}` and `\x{1f600}`. */
  #braced(at: number, from: number): void {
    if (this.#at(from) !== SIGN.open) return;
    let code = 0;
    for (let to = from + 1; to - from <= MAX_DIGITS; to++) {
      const byte = this.#at(to);
      if (byte === SIGN.close) {
        this.#codePoint(to + 1 - at, FAMILY.escape, code);
        return;
      }
      const digit = this.#digit(to);
      if (digit < 0) return;
      code = code * 16 + digit;
    }
  }

  /** Four digits of hex, or two times four where they are a pair of UTF-16. */
  #unit(at: number, from: number, family: number, again: string): void {
    const unit = this.#hex(from, 4);
    if (unit < 0) return;
    if ((unit & 0xfc00) !== 0xd800) {
      this.#codePoint(from + 4 - at, family, unit);
      return;
    }
    let next = from + 4;
    for (let i = 0; i < again.length; i++) {
      if (this.#at(next++) !== again.charCodeAt(i)) return;
    }
    const low = this.#hex(next, 4);
    if ((low & 0xfc00) !== 0xdc00) return;
    const code = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
    this.#codePoint(next + 4 - at, family, code);
  }

  #quotedPrintable(at: number): void {
    const first = this.#at(at + 1);
    if (first === SIGN.lf) this.#nothing(2, FAMILY.quotedPrintable);
    else if (first === SIGN.cr && this.#at(at + 2) === SIGN.lf) {
      this.#nothing(3, FAMILY.quotedPrintable);
    } else {
      const byte = this.#hex(at + 1, 2);
      if (byte >= 0) this.#codePoint(3, FAMILY.quotedPrintable, byte);
    }
  }

  /** Signs that are doubled, or stand before another. */
  #sign(at: number): void {
    const sign = this.#text[at]!;
    const next = this.#at(at + 1);
    if (next < 0) return;
    if (sign === SIGN.meta) {
      const char = next === 0x2d ? this.#at(at + 2) : -1;
      if (char < 0) return;
      this.#byte(3, FAMILY.escape, char | 0x80);
      const control = char === SIGN.caret ? this.#at(at + 3) : -1;
      if (control >= 0) {
        this.#byte(4, FAMILY.escape, (control ^ 0x40) | 0x80);
      }
    } else if (sign === SIGN.caret || sign === SIGN.backtick) {
      this.#byte(2, FAMILY.escape, next);
      if (sign === SIGN.backtick && LETTERS[next] !== 0) {
        this.#byte(2, FAMILY.escape, LETTERS[next]!);
      }
      if (sign === SIGN.caret && next >= 0x3f && next < 0x60) {
        this.#byte(2, FAMILY.escape, next ^ 0x40);
      }
    } else if (next === sign) {
      this.#byte(2, FAMILY.escape, sign);
    } else if (
      sign === SIGN.dollar && (next === SIGN.quote || next === SIGN.doubleQuote)
    ) {
      this.#nothing(2, FAMILY.escape);
    }
  }

  /** The byte at an index, or -1 after the end. */
  #at(at: number): number {
    if (at < this.#end) return this.#text[at]!;
    this.cut = true;
    return -1;
  }

  /** The hex digit at an index, or -1. */
  #digit(at: number): number {
    return HEX[this.#at(at)] ?? -1;
  }

  /** Reads this many hex digits; -1 if there are fewer. */
  #hex(from: number, digits: number): number {
    let value = 0;
    for (let i = 0; i < digits; i++) {
      const digit = this.#digit(from + i);
      if (digit < 0) return -1;
      value = value * 16 + digit;
    }
    return value;
  }

  #nothing(length: number, family: number): void {
    this.lengths[this.count] = length;
    this.families[this.count] = family;
    this.ends[this.count++] = this.bytes.length;
  }

  #byte(length: number, family: number, byte: number): void {
    this.bytes.push(byte);
    this.#nothing(length, family);
  }

  /** Adds a character in UTF-8; a character of Latin-1 also as one byte. */
  #codePoint(length: number, family: number, code: number): void {
    if (code < 0x80) return this.#byte(length, family, code);
    if (code < 0x100) this.#byte(length, family, code);
    if (code > 0x10ffff) return;
    if (code < 0x800) {
      this.bytes.push(0xc0 | code >> 6);
    } else {
      if (code < 0x10000) this.bytes.push(0xe0 | code >> 12);
      else {
        this.bytes.push(0xf0 | code >> 18, 0x80 | code >> 12 & 0x3f);
      }
      this.bytes.push(0x80 | code >> 6 & 0x3f);
    }
    this.#byte(length, family, 0x80 | code & 0x3f);
  }
}

function isIn(byte: number, from: number, to: number): boolean {
  return byte >= from && byte <= to;
}
