/** What escapes say, written a second time: with regular expressions, and no care for time. */

import { FAMILY } from "../../lib/redact/escapes.ts";
import { ENTITIES } from "../../lib/redact/entities.ts";

/** A way to read what stands at a place: its length, its family, and the bytes that it says. */
export type Way = readonly [
  length: number,
  family: number,
  bytes: readonly number[],
];

/** No escape is longer, in bytes. */
const LONGEST = 64;

const { percent, json, html, escape, quotedPrintable } = FAMILY;

/** Every character one byte. */
export function toText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** A character by its number: as a byte where it is one, and in UTF-8. */
function charWays(length: number, family: number, code: number): Way[] {
  if (code > 0x10ffff) return [];
  const ways: Way[] = code < 0x100 ? [[length, family, [code]]] : [];
  if (code >= 0x80) {
    // A lone half of a pair is written as UTF-8 writes other numbers.
    const bytes = code >= 0xd800 && code <= 0xdfff
      ? [0xed, 0x80 | code >> 6 & 0x3f, 0x80 | code & 0x3f]
      : [...new TextEncoder().encode(String.fromCodePoint(code))];
    ways.push([length, family, bytes]);
  }
  return ways;
}

const hex = (digits: string) => parseInt(digits, 16);

/** A number of UTF-16, or two that are a pair; `again` stands before the second. */
function unitWays(
  length: number,
  family: number,
  text: string,
  again: string,
): Way[] {
  const unit = /^[0-9a-f]{4}/i.exec(text)?.[0];
  if (unit === undefined) return [];
  if (!/^d[89ab]/i.test(unit)) return charWays(length + 4, family, hex(unit));
  if (!text.slice(4).startsWith(again)) return [];
  const low = /^d[c-f]../i.exec(text.slice(4 + again.length))?.[0] ?? "";
  if (!/^[0-9a-f]{4}$/i.test(low)) return [];
  const code = String.fromCharCode(hex(unit), hex(low)).codePointAt(0)!;
  return charWays(length + 8 + again.length, family, code);
}

function percentWays(text: string): Way[] {
  if (text.startsWith("%%")) return [[2, percent, [0x25]]];
  const ways: Way[] = [];
  for (const before of ["%", "%25", "%2525", "%252525"]) {
    if (!text.startsWith(before)) break;
    const rest = text.slice(before.length);
    if (rest.startsWith("u")) {
      const length = before.length + 1;
      ways.push(...unitWays(length, percent, rest.slice(1), `${before}u`));
    }
    const byte = /^[0-9a-f]{2}/i.exec(rest)?.[0];
    if (byte !== undefined) {
      ways.push(...charWays(before.length + 2, percent, hex(byte)));
    }
  }
  return ways;
}

function entityWays(text: string): Way[] {
  const ways: Way[] = [];
  let start = 1;
  for (let level = 0; level < 4; level++) {
    const rest = text.slice(start);
    const number = /^#(?:[xX]([0-9a-fA-F]+)|([0-9]+))(;?)/.exec(rest);
    if (rest.startsWith("#")) {
      if (number === null) return ways;
      const [all, digits, decimals, end] = number;
      if ((digits ?? decimals)!.length > 12) return ways;
      const code = digits ? hex(digits) : Number(decimals);
      if (end) ways.push(...charWays(start + all.length, html, code));
      const length = start + all.length - end!.length;
      return [...ways, ...charWays(length, html, code)];
    }
    const [all, name, end] = /^([0-9A-Za-z]*)(;?)/.exec(rest)!;
    const code = ENTITIES.get(name!);
    if (code === undefined) return ways;
    start += all.length;
    ways.push(...charWays(start, html, code));
    if (end === "" || name !== "amp" && name !== "AMP") return ways;
  }
  return ways;
}

const LETTERS: Readonly<Record<string, number>> = {
  n: 10,
  r: 13,
  t: 9,
  b: 8,
  f: 12,
  v: 11,
  a: 7,
  e: 27,
  E: 27,
  s: 32,
};

function backslashWays(text: string): Way[] {
  const slashes = /^\\{1,16}/.exec(text)![0];
  const ways: Way[] = [2, 4, 8, 16].filter((n) => n <= slashes.length)
    .map((n): Way => [n, json, [0x5c]]);
  const rest = text.slice(slashes.length);
  if (rest === "" || rest.startsWith("\\")) return ways;
  const length = slashes.length + 1;
  const char = rest[0]!;
  const family = 'nrtbf"/'.includes(char) ? json : escape;
  ways.push(
    ...LETTERS[char] ? [[length, family, [LETTERS[char]!]] as Way] : [],
  );
  ways.push([length, family, [char.charCodeAt(0)]]);
  if (char === "\n") ways.push([length, escape, []]);
  if (rest.startsWith("\r\n")) ways.push([length + 1, escape, []]);
  const behind = rest.slice(1);
  if (char === "u") {
    ways.push(...unitWays(length, json, behind, `${slashes}u`));
  }
  if (char === "U" && /^[0-9a-f]{8}/i.test(behind)) {
    ways.push(...charWays(length + 8, escape, hex(behind.slice(0, 8))));
  }
  if (char === "x") {
    for (const [digits] of [/^[0-9a-f]/i.exec(behind) ?? []]) {
      if (digits) ways.push(...charWays(length + 1, escape, hex(digits)));
    }
    for (const [digits] of [/^[0-9a-f]{2}/i.exec(behind) ?? []]) {
      if (digits) ways.push(...charWays(length + 2, escape, hex(digits)));
    }
  }
  const braced = /^\{([0-9a-f]{0,11})\}/i.exec(behind);
  if ((char === "u" || char === "x") && braced !== null) {
    const code = braced[1] === "" ? 0 : hex(braced[1]!);
    ways.push(...charWays(length + braced[0].length, escape, code));
  }
  const digits = /^[0-9a-f]{0,6}/i.exec(rest)![0];
  for (let n = 1; n <= digits.length; n++) {
    const some = digits.slice(0, n);
    const to = slashes.length + n;
    if (/^[0-7]{1,3}$/.test(some) && parseInt(some, 8) < 256) {
      ways.push(...charWays(to, escape, parseInt(some, 8)));
    }
    if (/^[0-9]{1,3}$/.test(some) && Number(some) < 256) {
      ways.push(...charWays(to, escape, Number(some)));
    }
    ways.push(...charWays(to, escape, hex(some)));
    // CSS ends one with a blank.
    if (rest[n] === " ") ways.push(...charWays(to + 1, escape, hex(some)));
  }
  return ways;
}

/** What displays take out: ECMA-48, as `printable()` knows it, and marks of Unicode. */
const HIDDEN: readonly RegExp[] = [
  // deno-lint-ignore no-control-regex
  /^[\x00-\x1f\x7f]/,
  // deno-lint-ignore no-control-regex
  /^\x1b[\x20-\x2f]*[\x30-\x4f\x51-\x57\x59\x5a\x5c\x60-\x7e]/,
  // deno-lint-ignore no-control-regex
  /^\x1b[\x20-\x2f]+[\x30-\x7e]?/,
  // deno-lint-ignore no-control-regex
  /^(?:\x1b\[|\xc2\x9b)[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]?/,
  // deno-lint-ignore no-control-regex
  /^(?:\x1b[PX\]^_]|\xc2[\x90\x98\x9d\x9e\x9f])[^]*?(?:\x07|\x1b\\|(?=\x1b)|\xc2\x9c)/,
  /^\xc2[\x80-\x9f]/,
  /^\xd8\x9c/,
  /^\xe2(?:\x80[\x8e\x8f\xa8-\xae]|\x81[\xa6-\xa9])/,
];

function signWays(text: string): Way[] {
  const [sign, next, third, fourth] = text;
  if (next === undefined) return [];
  const code = next.charCodeAt(0);
  if (sign === "M") {
    if (next !== "-" || third === undefined) return [];
    const ways: Way[] = [[3, escape, [third.charCodeAt(0) | 0x80]]];
    if (third === "^" && fourth !== undefined) {
      ways.push([4, escape, [(fourth.charCodeAt(0) ^ 0x40) | 0x80]]);
    }
    return ways;
  }
  if (sign === "^") {
    const isControl = code >= 0x3f && code < 0x60;
    return [
      [2, escape, [code]],
      ...isControl ? [[2, escape, [code ^ 0x40]] as Way] : [],
    ];
  }
  if (sign === "`") {
    const letter = LETTERS[next];
    return [
      [2, escape, [code]],
      ...letter ? [[2, escape, [letter]] as Way] : [],
    ];
  }
  if (next === sign) return [[2, escape, [code]]];
  return sign === "$" && /['"]/.test(next) ? [[2, escape, []]] : [];
}

/** How an escape can be read that is written over no other. */
function simpleWays(all: string): Way[] {
  const text = all.slice(0, LONGEST);
  switch (text[0]) {
    case "%":
      return percentWays(text);
    case "&":
      return entityWays(text);
    case "\\":
      return backslashWays(text);
    case "=": {
      const soft = /^=\r?\n/.exec(text)?.[0];
      if (soft) return [[soft.length, quotedPrintable, []]];
      const digits = /^=([0-9a-f]{2})/i.exec(text)?.[1];
      return digits ? charWays(3, quotedPrintable, hex(digits)) : [];
    }
    case "+":
      return [[1, percent, [0x20]]];
    case "'":
    case '"':
      return [[1, escape, []]];
  }
  // deno-lint-ignore no-control-regex
  if (/^[\x00-\x08\x0b-\x1f\x7f\xc2\xd8\xe2]/.test(text) && text[0] !== "\n") {
    return HIDDEN.flatMap((regexp) => {
      const found = regexp.exec(text)?.[0];
      return found ? [[found.length, escape, []] as Way] : [];
    });
  }
  return signWays(text);
}

const isLayer = (char: string | undefined) => /^[%&\\]$/.test(char ?? "");

/** Whether what stands there may be an escape that is written over another. */
export function isLayered(text: string): boolean {
  if (isLayer(text[0]) && isLayer(text[1]) && text[1] !== text[0]) return true;
  return simpleWays(text).some(([, , said]) => {
    const char = String.fromCharCode(...said);
    return isLayer(char) && char !== text[0];
  });
}

/** Escapes of one family are read away, and what is there then is read: `%5C%22`. */
function layeredWays(text: string): Way[] {
  if (!isLayered(text)) return [];
  const ways: Way[] = [];
  for (const family of [percent, html, json]) {
    let read = "";
    const ends: number[] = [];
    let isChanged = false;
    let at = 0;
    while (at < Math.min(LONGEST, text.length) && read.length < 12) {
      const rest = text.slice(at, LONGEST);
      const [length, , said] = isLayer(rest[0])
        ? simpleWays(rest).find(([, kind, said]) =>
          kind === family && said.length === 1
        ) ?? [1]
        : [1];
      isChanged ||= said !== undefined;
      read += said === undefined ? rest[0] : String.fromCharCode(said[0]!);
      at += length;
      ends.push(at);
    }
    if (!isChanged || !isLayer(read[0])) continue;
    for (const [length, kind, said] of simpleWays(read)) {
      ways.push([ends[length - 1]!, kind | family, said]);
    }
  }
  return ways;
}

/** Every way to read what stands at the beginning of a text. */
export function waysOf(text: string): Way[] {
  return [...simpleWays(text), ...layeredWays(text)];
}
