/** How languages write a character: a second, simple model of `lib/redact/escapes.ts`. */

const bytesOf = (char: string) => [...new TextEncoder().encode(char)];
const hex = (code: number, digits = 2) =>
  code.toString(16).padStart(digits, "0");
const pick = <T>(random: () => number, list: readonly T[]): T =>
  list[random() % list.length]!;

/** Upper or lower case, by character. */
function anyCase(random: () => number, text: string): string {
  return random() % 2 ? text.toUpperCase() : text;
}

const units = (char: string) =>
  Array.from({ length: char.length }, (_, i) => char.charCodeAt(i));

const NAMES: Readonly<Record<string, string>> = {
  "&": "amp",
  "<": "lt",
  ">": "gt",
  '"': "quot",
  "'": "apos",
  "/": "sol",
  "@": "commat",
  "+": "plus",
  "%": "percnt",
  "é": "eacute",
  "ü": "uuml",
};

const CONTROLS: Readonly<Record<string, string>> = {
  "\n": "n",
  "\t": "t",
  "\r": "r",
  "\b": "b",
  "\f": "f",
};

/** A way to write a character; undefined where it has none for this one. */
export type Spelling = (
  random: () => number,
  char: string,
) => string | undefined;

/** By family. */
export const SPELLINGS: Readonly<Record<string, Spelling>> = {
  percent: (random, char) =>
    bytesOf(char).map((byte) => "%" + anyCase(random, hex(byte))).join(""),
  percentLatin1: (random, char) =>
    char.codePointAt(0)! < 256
      ? "%" + anyCase(random, hex(char.codePointAt(0)!))
      : undefined,
  percentTwice: (_, char) => bytesOf(char).map((b) => "%25" + hex(b)).join(""),
  percentUnicode: (random, char) =>
    units(char).map((unit) => "%u" + anyCase(random, hex(unit, 4))).join(""),
  plus: (_, char) => char === " " ? "+" : undefined,
  htmlName: (_, char) => NAMES[char] && `&${NAMES[char]};`,
  htmlDecimal: (random, char) =>
    `&#${"0".repeat(random() % 4)}${char.codePointAt(0)};`,
  htmlHex: (random, char) =>
    `&#${pick(random, ["x", "X"])}${"0".repeat(random() % 4)}${
      anyCase(random, hex(char.codePointAt(0)!))
    };`,
  htmlTwice: (_, char) => `&amp;#${char.codePointAt(0)};`,
  jsonUnicode: (random, char) =>
    units(char).map((unit) => "\\u" + anyCase(random, hex(unit, 4))).join(""),
  jsonShort: (_, char) =>
    CONTROLS[char]
      ? "\\" + CONTROLS[char]
      : '"\\/'.includes(char)
      ? "\\" + char
      : undefined,
  jsonTwice: (_, char) =>
    CONTROLS[char] || '"\\'.includes(char)
      ? JSON.stringify(JSON.stringify(char).slice(1, -1)).slice(1, -1)
      : undefined,
  hexEscape: (random, char) =>
    bytesOf(char).map((byte) => "\\x" + anyCase(random, hex(byte))).join(""),
  hexLatin1: (_, char) =>
    char.codePointAt(0)! < 256 ? "\\x" + hex(char.codePointAt(0)!) : undefined,
  octal: (_, char) =>
    bytesOf(char).map((byte) => "\\" + byte.toString(8).padStart(3, "0"))
      .join(""),
  braces: (random, char) =>
    `\\u{${"0".repeat(random() % 3)}${
      anyCase(random, hex(char.codePointAt(0)!, 1))
    }}`,
  wide: (_, char) => `\\U${hex(char.codePointAt(0)!, 8)}`,
  css: (_, char) => `\\${hex(char.codePointAt(0)!, 1)} `,
  backslash: (_, char) =>
    char.charCodeAt(0) >= 0x20 && !/[a-zA-Z0-9]/.test(char)
      ? "\\" + char
      : undefined,
  shellQuote: (random, char) =>
    char === "'" ? pick(random, [`'\\''`, `'"'"'`, "''"]) : undefined,
  cShell: (_, char) => char === "!" ? "'\\!'" : undefined,
  dollarQuoted: (_, char) =>
    CONTROLS[char] ? `$'\\${CONTROLS[char]}'` : undefined,
  quotedPrintable: (_, char) =>
    bytesOf(char).map((byte) => "=" + hex(byte).toUpperCase()).join(""),
  jsonInPercent: (_, char) =>
    CONTROLS[char] || '"\\'.includes(char)
      ? encodeURIComponent(JSON.stringify(char).slice(1, -1))
      : undefined,
  jsonInHtml: (_, char) => char === '"' ? "\\&quot;" : undefined,
  htmlInPercent: (_, char) =>
    NAMES[char] && encodeURIComponent(`&${NAMES[char]};`),
  htmlInJson: (_, char) => NAMES[char] && `\\u0026${NAMES[char]};`,
  // The first character is a q, and what stands before it is no part of it.
  softLineEnd: (random, char) =>
    char === "q" ? undefined : pick(random, ["=\n", "=\r\n"]) + char,
  powershell: (_, char) => '"$`'.includes(char) ? "`" + char : undefined,
  cmd: (_, char) => "&|<>^".includes(char) ? "^" + char : undefined,
  catV: (_, char) => {
    const bytes = bytesOf(char);
    if (char < "\x80" && char >= " ") return undefined;
    return bytes.map((byte) =>
      (byte >= 0x80 ? "M-" : "") +
      ((byte & 0x7f) < 0x20
        ? "^" + String.fromCharCode(byte & 0x7f | 0x40)
        : String.fromCharCode(byte & 0x7f))
    ).join("");
  },
  doubled: (_, char) => "$%\"'{}".includes(char) ? char + char : undefined,
};

/** A value of random characters, of which many are written as escapes by someone. */
export function makeValue(random: () => number, length: number): string {
  const kinds = [
    "abcdefghijklmnopqrstuvwxyzABCDEFXU0123456789",
    " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "éü€ß😀",
    "\n\t",
  ];
  let value = "";
  while (value.length < length) {
    const kind = pick(random, [0, 0, 0, 1, 1, 2, 3]);
    value += pick(random, [...kinds[kind]!]);
  }
  return value;
}

/** Writes each character in one of these ways, or as it is; one at least otherwise. */
export function spell(
  random: () => number,
  value: string,
  spellings: readonly Spelling[],
  plainOf10: number,
): string {
  return [...value].map((char) =>
    random() % 10 < plainOf10
      ? char
      : pick(random, spellings)(random, char) ?? char
  ).join("");
}
