import { assert, assertEquals } from "../support/assert.ts";
import { EscapeReader } from "../../lib/redact/escapes.ts";
import { ENTITIES, MAX_NAME } from "../../lib/redact/entities.ts";
import { INTRODUCERS } from "../../lib/redact/introducers.ts";
import { makeRandom } from "./oracle.ts";
import { isLayered, type Way, waysOf } from "./reader_model.ts";

const toBytes = (text: string) =>
  Uint8Array.from(text, (char) => char.charCodeAt(0));

const reader = new EscapeReader();

function read(text: string, at = 0, end = text.length): Way[] {
  const bytes = toBytes(text);
  const isAny = reader.read(bytes, at, end);
  const { count, lengths, families, ends, bytes: said, cut } = reader;
  assertEquals(isAny, count > 0 || cut);
  return Array.from({ length: count }, (_, way) => [
    lengths[way]!,
    families[way]!,
    said.slice(way === 0 ? 0 : ends[way - 1]!, ends[way]!),
  ]);
}

/** Each way once, in one order: some are found by two rules. */
const sorted = (ways: readonly Way[]) =>
  [...new Set(ways.map((way) => way.join("/")))].sort();

/** What escapes are made of. */
const PIECES = [
  ..."%%%%25|41|2F|5C|26|5c|u|u0041|ud83d|uDE00|de00|FF|é|%u|%25u".split("|"),
  ..."&|&|&|&amp;|amp|amp;|amp;|lt;|lt|quot;|bsol;|#|#|x|X|38;|92|92;".split(
    "|",
  ),
  ..."eacute;|DiacriticalGrave;|DiacriticalGrave|percnt;|NewLine;".split("|"),
  ..."\\|\\|\\|\\\\|n|u|x|U|0001f600|{|}|{}|1f600|0|7|8|9|41|377|400|255|256"
    .split("|"),
  ..."a|b|f|r|s|t|v|e|E|g|G|z| |\n|\r|\r\n|=|==|=\n|=3D|3D|+|'|\"|$|$'|^|^[|@|`|M|M-|M-^"
    .split("|"),
  ...["\x1b", "\x1b[", "31", ";", "m", "]", "P", "(", "\x07", "\x1b\\", "/"],
  ...["\xc2", "\x80", "\x9b", "\x9c", "\x9d", "\x9f", "\xa0", "\xd8", "\xe2"],
  ...["\xe2\x80", "\xe2\x81", "\x8d", "\x8e", "\x8f", "\x90", "\xa5", "\xa6"],
  ...["\xa7", "\xa8", "\xa9", "\xaa", "\xae", "\xaf", "\x00", "\x1f", "\x7f"],
  ...["\x81", "~", "?", "_", "\x5f", "\x30", "-", "[", "\xd7ff", "c3", "a9"],
];
const STARTS = INTRODUCERS.map((byte) => String.fromCharCode(byte));

/** A text that begins with an introducer, and goes on as escapes do. */
function makeText(random: () => number): string {
  const pick = (list: readonly string[]) => list[random() % list.length]!;
  let text = random() % 4 ? pick(["%", "&", "\\", "=", "M-"]) : pick(STARTS);
  for (let i = random() % 12; i > 0; i--) {
    const times = random() % 20 === 0 ? random() % 18 : 1;
    text += pick(PIECES).repeat(times);
  }
  return text;
}

Deno.test("an escape is read in each way that a second, simple reader knows", () => {
  const random = makeRandom(71);
  for (let round = 0; round < 10_000; round++) {
    const text = makeText(random);
    assertEquals(
      sorted(read(text)),
      sorted(waysOf(text)),
      JSON.stringify(text),
    );
  }
});

const char = (code: number) => String.fromCharCode(code);
const BYTES = Array.from({ length: 256 }, (_, byte) => char(byte));
const upTo = (length: number) => Array.from({ length }, (_, i) => i);

/** Numbers of characters, at the limits of UTF-8 and of UTF-16. */
const CODES = [0, 9, 10, 15, 16, 0x41, 0x7f, 0x80, 0xff, 0x100, 0x7ff, 0x800]
  .concat([0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff, 0x10000])
  .concat([0x12345, 0x10ffff, 0x110000, 0x40 * 8, 0x1ff, 399, 400, 777]);

/** Every escape at its limits, and one beside them. */
function* limits(): Generator<string> {
  for (const start of STARTS) {
    for (const byte of BYTES) {
      const isControl = start < " " && start !== "\x1b";
      for (const rest of isControl ? [""] : ["", "-", "0", "^", "n", "\n"]) {
        yield start + byte + rest;
      }
    }
  }
  for (const byte of BYTES) {
    for (const second of "\x7f\x80\x81\x82") yield `\xe2${second}${byte}`;
    for (
      const mark of [
        "\\x4",
        "\\xf",
        "\\u004",
        "%4",
        "%u004",
        "=4",
        "&#3",
        "&#x3",
      ]
    ) {
      yield `${mark}${byte}`;
      yield `${mark}${byte};`;
      yield `${mark.slice(0, -1)}${byte}7`;
    }
    yield `\\x${byte}41}`;
    yield `\\u${byte}41}`;
    yield `M-^${byte}`;
    yield `\\4${byte} `;
    yield `\\U000000${byte}1`;
    yield `\\u{4${byte}}`;
    yield `\xc2${byte}31m`;
    yield `\xc2${byte}ab\x07`;
  }
  const ends = [..."\x1f !/019?@AZ[m~\x7f\x80", "", "\x1b", "\x07"];
  for (const kind of [..."[PX]^_(N !/0~\x7f", "\x1b"]) {
    for (const first of ends) {
      for (const second of ends) {
        for (const third of ["", "0", "@", "/", "~\x07"]) {
          yield `\x1b${kind}${first}${second}${third}`;
          yield `\xc2\x9b${first}${second}${third}`;
        }
      }
    }
  }
  for (
    const string of [
      "\x1b]",
      "\x1bP",
      "\xc2\x9d",
      "\xc2\x90",
      "\xc2\x98",
      "\xc2\x9e",
    ]
  ) {
    for (
      const end of [
        "\x07",
        "\x06",
        "\x08",
        "\x1b",
        "\x1b\\",
        "\xc2\x9c",
        "\xc2\x9d",
        "\xc3\x9c",
        "\x9c",
      ]
    ) {
      for (const length of [0, 1, 2, ...upTo(12).map((i) => 54 + i)]) {
        yield `${string}${"x".repeat(length)}${end} z\x07`;
        yield `${string}\0${"x".repeat(length)}${end}`;
      }
    }
  }
  for (const code of CODES) {
    const hex = code.toString(16);
    for (const zeros of [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13]) {
      for (const end of [";", "}", " ", "x", "f", ""]) {
        const digits = hex.padStart(zeros, "0");
        yield `&#${`${code}`.padStart(zeros, "0")}${end}`;
        for (
          const mark of [
            "&#x",
            "&#X",
            "\\u{",
            "\\x{",
            "\\u",
            "\\U",
            "\\x",
            "%u",
            "\\",
            "%",
          ]
        ) {
          yield `${mark}${digits}${end}`;
          yield `${mark}${digits.toUpperCase()}${end}`;
        }
        yield `\\${code.toString(8).padStart(zeros, "0")}${end}`;
        yield `\\${code.toString().padStart(zeros, "0")}${end}`;
      }
    }
  }
  for (const low of ["dc00", "dfff", "dbff", "e000", "de01", "DEAD", "de0g"]) {
    for (const high of ["d800", "d83d", "dbff", "DABC", "dc00"]) {
      for (const sign of ["%u", "\\u", "%25u", "%2525u", "\\\\u"]) {
        yield `${sign}${high}${sign}${low}.`;
        yield `${sign}${high}%u${low}.`;
        yield `${sign}${high}${low}.`;
      }
    }
  }
  for (const times of upTo(20)) {
    const behind = [
      "",
      "n",
      '"',
      "u0041",
      "ud83d",
      "x41",
      "41 ",
      "\n",
      "\r\n",
      "\r",
    ];
    for (const rest of behind) {
      yield "\\".repeat(times + 1) + rest;
      yield `%${"25".repeat(times % 7)}${rest}`;
      yield `%${"25".repeat(times % 7)}41`;
      yield `&${"amp;".repeat(times % 7)}${rest}`;
      yield `&${"AMP;".repeat(times % 7)}lt;`;
      yield `&${"amp;".repeat(times % 7)}#65;`;
      yield `&${"amp;".repeat(times % 7)}lt`;
    }
  }
  for (const name of ["", ...ENTITIES.keys()]) {
    for (const end of [";", "x;"]) {
      yield `&${name}${end}`;
      yield `&${name.slice(0, -1)}${end}`;
    }
  }
  // Over each other, and so long that it is none any more.
  const layers = [
    "%5C",
    "%26",
    "%25",
    "&bsol;",
    "&#92;",
    "&#x5c;",
    "\\u005c",
    "\\u0026",
    "\\u0025",
    "\\\\",
    "&amp;",
    "&percnt;",
    "=5C",
    "=25",
    "=26",
    "\\",
    "%",
    "&",
  ];
  const inner = [
    "n",
    "u0041",
    "u00e9",
    "x41",
    "41",
    "%41",
    "%34%31",
    "lt;",
    "#65;",
    "&#65;",
    "quot;",
    '"',
    "&quot;",
    "\\",
    "u{00041}",
    "\\u0034\\u0031",
    "\\u006ct;",
    "&#52;&#49;",
    "%6ct;",
    "u{000000000041}",
    "#0000000065;",
    "#00000000065;",
    "#000000000065;",
  ];
  for (const first of layers) {
    for (const second of [...inner, ...layers]) {
      for (const third of ["", "n", "41", "%41", "\\", "quot;", "=41", "x"]) {
        yield first + second + third;
      }
    }
    for (const times of upTo(24)) yield first + "%75%30".repeat(times) + "41";
    for (const times of upTo(14)) {
      yield `${first}u${"&#0000048;".repeat(times)}41`;
      yield `${first}u{${"%30".repeat(times)}41}`;
      yield `${first}#${"0".repeat(times)}65;n`;
    }
  }
}

Deno.test("every escape is read up to its limits, and as cut before its end", () => {
  const seen = new Set<string>();
  for (const text of limits()) {
    const ways = sorted(waysOf(text)).join();
    assertEquals(sorted(read(text)).join(), ways, JSON.stringify(text));
    // It stands behind other text, and before some that is not there yet.
    for (let end = 1; end < text.length; end++) {
      const part = text.slice(0, end);
      if (seen.has(part)) continue;
      seen.add(part);
      const partly = sorted(waysOf(part)).join();
      const given = sorted(read(`-${text}`, 1, end + 1)).join();
      if (given !== partly) assertEquals(given, partly, JSON.stringify(text));
      const isShort = text.length < 64;
      if (partly !== ways && isShort) assert(reader.cut, JSON.stringify(text));
    }
  }
});

Deno.test("an escape over another is waited for as long as it may go on", () => {
  assertEquals(new EscapeReader().count, 0);
  for (
    const [text, isCut] of [
      ["%5Cn", false],
      ["%5C/", false],
      ["\\&quot;", false],
      ["&bsol;n", false],
      ["%26lt;", false],
      ["\\u0026lt;", false],
      ["%5", true],
      ["%5C", true],
      ["%5Cu004", true],
      ["%26lt", true],
      ["\\&", true],
      ["%\\", true],
      ["%5Cn%", true],
    ] as const
  ) {
    read(text);
    assertEquals(reader.cut, isCut, text);
  }
});

Deno.test("what is longer than any escape is not waited for", () => {
  for (const start of ["\x1b]0;", "\x1b[", "\x1bP", "\xc2\x9d", "\xc2\x9b"]) {
    for (let length = start.length; length < 70; length++) {
      read(`..${start.padEnd(length, "0")}`, 2);
      assertEquals(reader.cut, length < 64, `${start} ${length}`);
    }
  }
});

Deno.test("an entity stands for its character", () => {
  for (
    const [name, code] of [
      ["nbsp", 0xa0],
      ["eacute", 0xe9],
      ["yuml", 0xff],
      ["amp", 0x26],
      ["AMP", 0x26],
      ["Tab", 9],
      ["NewLine", 10],
      ["verbar", 0x7c],
      ["VerticalLine", 0x7c],
    ] as const
  ) assertEquals(ENTITIES.get(name), code, name);
  assertEquals(MAX_NAME, "DiacriticalGrave".length);
});

Deno.test("an escape is read at a place of a text, and not beyond its end", () => {
  const random = makeRandom(72);
  for (let round = 0; round < 3000; round++) {
    const text = makeText(random);
    const at = random() % 4;
    const end = at + 1 + random() % text.length;
    const told = JSON.stringify({ text, at, end });
    const all = makeText(random).padEnd(at, "%").slice(0, at) + text;
    assertEquals(
      sorted(read(all, at, end)),
      sorted(waysOf(all.slice(at, end))),
      told,
    );
  }
});

/** What may stand behind a text that ends within an escape. */
const GOES_ON = [
  ..."%|&|\\|=|+|'|\"|$|{|}|`|M|^|u|x|U|#|;|0|4|9|f|g|n| |\n|\r|/|a|amp;|-|u0041"
    .split("|"),
  ..."41|00|000|0000|00000041|u0041|%ude00|\\ude00|de00|%25ude00|41}|}|\\\\|\r\n|m|~"
    .split("|"),
  ..."mp;|p;|t;|ot;|#38;|cnt;|3D|%5c|\x9c|\x8e|\x80\x8e|\x81\xa6|\xa6|\x07|\x1b|[|[m|(B|]0\x07"
    .split("|"),
  ..."00de00|000de00|00}|e00|ude00|5%ude00|%252525ude00|%2525ude00|1b\x9c|[31m|\\|-a|-^a"
    .split("|"),
];

/** Pairs of UTF-16, over each other and not. */
const PAIRS = [
  ...["%u", "%25u", "%2525u", "%252525u"],
  ...Array.from({ length: 16 }, (_, n) => "\\".repeat(n + 1) + "u"),
].map((sign) => `${sign}d83d${sign}de00`);

/** What the text ends with, of something: the rest of it. */
const restsOf = (text: string, whole: string) =>
  Array.from({ length: whole.length }, (_, n) => n)
    .filter((n) => text.endsWith(whole.slice(0, n)))
    .map((n) => whole.slice(n));

Deno.test("a text that ends within an escape is cut, and any other is not", () => {
  const random = makeRandom(73);
  let cuts = 0;
  for (let round = 0; round < 3000; round++) {
    const whole = makeText(random).slice(0, 30);
    const text = whole.slice(0, 1 + random() % whole.length);
    read(text);
    const { cut } = reader;
    // The families may be more, where more escapes follow.
    const saidBy = (text: string) =>
      sorted(waysOf(text).map(([length, , said]) => [length, 0, said])).join();
    const ways = saidBy(text);
    const goesOn = [
      whole.slice(text.length),
      ...GOES_ON,
      ...PAIRS.flatMap((pair) => restsOf(text, pair)),
    ].some((more) => saidBy(text + more) !== ways);
    if (goesOn) assert(cut, JSON.stringify(text));
    if (cut) cuts++;
    // Of escapes over escapes it may be said too soon, and of names that are none.
    const isSimple = !isLayered(text) && !/^&[0-9A-Za-z]+$/.test(text);
    if (isSimple && !goesOn) assert(!cut, JSON.stringify(text));
  }
  assert(cuts > 500, `${cuts}`);
});
