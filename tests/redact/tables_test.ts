import { assert, assertEquals } from "../support/assert.ts";
import {
  compileEscapes,
  type EscapeTables,
} from "../../lib/redact/escape_tables.ts";
import { EscapeReader } from "../../lib/redact/escapes.ts";
import { FOLLOWS, GOES_ON } from "../../lib/redact/glance.ts";
import {
  beginsString as beginsStringOf,
  isOutside,
  STRINGS,
} from "../../lib/redact/inside.ts";
import {
  CONTROLS,
  HEX,
  INTRODUCERS,
  introducersFor,
  IS_CONTROL,
  isLayer,
  isNameByte,
  isQuoting as isQuotingByte,
} from "../../lib/redact/introducers.ts";
import { nextSought, wordsOf } from "../../lib/redact/lookout.ts";
import {
  isNoEscape as isNoEscapeAt,
  mayBegin as mayBeginAt,
  mayBelong,
} from "../../lib/redact/neighbours.ts";
import { atOnce } from "../../lib/redact/slices.ts";
import type { FormPattern } from "../../lib/redact/forms.ts";
import {
  addTriple,
  emptyTriples,
  hasTriple,
} from "../../lib/redact/triples.ts";
import {
  beginsString,
  follows,
  goesOn,
  isIntroducer,
  isNoEscape,
  isSought,
  mayBegin,
  mayWrite,
  Model,
} from "./neighbours_model.ts";
import { makeRandom } from "./oracle.ts";

const toBytes = (text: string) =>
  Uint8Array.from(text, (char) => char.charCodeAt(0));
const BYTES = Array.from(
  { length: 256 },
  (_, byte) => String.fromCharCode(byte),
);

function compile(patterns: readonly string[]): EscapeTables {
  const list = patterns.map((text, value): FormPattern => ({
    bytes: toBytes(text),
    form: "plain",
    value,
  }));
  return atOnce(compileEscapes(list))!;
}

/** Values of all kinds, and what texts round them are made of. */
const SETS:
  readonly (readonly [patterns: readonly string[], letters: string])[] = [
    [["abcd", "bcae"], "abcde%=2\x00'x\xff61"],
    [["a b c", " +a"], 'a b+c %20=\x01"$\xff'],
    [["a\x01b\x02c", "\x01\x02ab"], "ab\x01\x02c\x03\x00=01%x\xff"],
    [
      ["\xc3\xa9t\xc3\xa9", "t\xc2\xb5t\xc2"],
      "\xc3\xa9t\xc2\xb5\x80\x9c%=EebBcC39A\xff",
    ],
    [["ab\xffcd", "\xff\x80ab"], "ab\xff\x80cd%=Ff8M-\x7f"],
    [["a%b&c\\d", "%25ab", "&&&&"], "ab%25&c\\d=6\x00."],
    [["a'b\"c$d", "''ab", "{a}`^"], "ab'\"c$d{}`^\x05=27.\xfe"],
    [["abcdefghijklmnopqrstuvwxyzabcdefg"], "abcdefg\xff\x00=%6x"],
    [["abcdefghijklmno"], "abcmno\xff\x00=%6x"],
    [["0123456789abcdef"], "0189ef\xff\x00=%3x"],
    [[`${"abcdefghij".repeat(20)}XY`], "abcjX Y%=\x00\xff'"],
    [["xy".repeat(40), `q${"0123456789".repeat(13)}`], "xyq09 %=\x00\xff3"],
    [["abcd", "bcda"], "abcd\x1b]P\xc2\x9d\xff%6=\x00"],
    [["ab\ncd", "cd\rab"], "ab\n\rcd%0=Aa\x00\xff"],
    [["bbbb", "abab"], "ab%6=1\x00'\xff"],
    [["a\xe2\x80\xaab", "\xd8\x9cab"], "a\xe2\x80\xaab\xd8\x9c%=E2D8\xff"],
  ];

Deno.test("the tables of a search in escapes tell what patterns are made of", () => {
  for (const [patterns] of SETS) {
    const tables = compile(patterns);
    const model = new Model(patterns);
    const told = JSON.stringify(patterns);
    for (const a of BYTES) {
      const byte = a.charCodeAt(0);
      assertEquals(tables.chars[byte], Number(model.has(a)), told);
      assertEquals(tables.before[byte], Number(model.isBefore(a)), told);
      assertEquals(tables.last[byte], Number(model.ends(a)), told);
      assertEquals(tables.first[byte] !== 0, model.begins(a), told);
      assertEquals(tables.introducers[byte], Number(isIntroducer(a)), told);
      for (const b of BYTES) {
        const pair = byte << 8 | b.charCodeAt(0);
        assert(tables.pairs[pair] === Number(model.has(a + b)), told);
        assert(tables.starts[pair] === Number(model.begins(a + b)), told);
      }
    }
    assert(tables.triples.every((bit, i) => bit === model.triples[i]), told);
    assertEquals(tables.shortest, model.shortest);
    const isLong = patterns.some(({ length }) => length >= 64);
    const longest = Math.max(...patterns.map(({ length }) => length));
    assertEquals(tables.depth, isLong ? 128 : longest);
  }
  assertEquals(atOnce(compileEscapes([])), undefined);
  const encoded = { bytes: toBytes("abcd"), form: "base64", value: 0 } as const;
  assertEquals(atOnce(compileEscapes([encoded])), undefined);
});

Deno.test("three bytes side by side are told from others", () => {
  const triples = emptyTriples();
  assert(!hasTriple(triples, 0, 0, 0));
  addTriple(triples, 1, 2, 3);
  assert(hasTriple(triples, 1, 2, 3));
  let others = 0;
  for (let a = 0; a < 256; a++) {
    for (let b = 0; b < 256; b++) {
      for (const c of [0, 1, 2, 3, 4, 255]) {
        if (hasTriple(triples, a, b, c)) others++;
        if (hasTriple(triples, c, a, b)) others++;
      }
    }
  }
  assert(others < 50, `${others}`);
});

Deno.test("what begins an escape, and which of it values have to do with", () => {
  const chars = (list: readonly number[]) =>
    list.map((byte) => String.fromCharCode(byte)).sort().join("");
  const controls = BYTES.filter((char) =>
    char < " " && !"\t\n".includes(char) || "\x7f\xc2\xd8\xe2".includes(char)
  ).join("");
  assertEquals(chars(CONTROLS), controls);
  assertEquals(
    [...IS_CONTROL],
    BYTES.map((char) => Number(controls.includes(char))),
  );
  const all = [...controls, ..."%&\\=+'\"$^`M{}"].sort().join("");
  assertEquals(chars(INTRODUCERS), all);
  const more: Record<string, string> = {
    " ": "+",
    "'": "'\"",
    '"': "'\"^`",
    "$": "$`",
    "`": "`",
    "{": "{",
    "}": "}",
  };
  for (const char of BYTES) {
    const bytes = new Uint8Array(256);
    bytes[char.charCodeAt(0)] = 1;
    const signs = (more[char] ?? "") +
      (char < " " || char === "\x7f" || "&|<>^()%!".includes(char) ? "^" : "") +
      (char >= "\x80" ? "M" : "");
    assertEquals(
      chars(introducersFor(bytes)),
      [...controls, ..."%&\\=", ...signs].sort().join(""),
      JSON.stringify(char),
    );
    const byte = char.charCodeAt(0);
    assertEquals(isNameByte(byte), /[0-9A-Za-z]/.test(char));
    assertEquals(isLayer(byte), "\\%&".includes(char));
    assertEquals(isQuotingByte(byte), "'\"$".includes(char));
    assertEquals(HEX[byte], /[0-9a-f]/i.test(char) ? parseInt(char, 16) : -1);
  }
});

Deno.test("which bytes stand in no value, and where strings of a terminal begin", () => {
  assertEquals(
    STRINGS.map((byte) => String.fromCharCode(byte)).join(""),
    "PX]^_",
  );
  for (const [patterns] of SETS) {
    const { inside } = compile(patterns);
    const model = new Model(patterns);
    for (const b of BYTES) {
      const byte = b.charCodeAt(0);
      assertEquals(isOutside(-1, byte, inside), model.isOutside("", b));
      for (const a of BYTES) {
        assert(
          isOutside(a.charCodeAt(0), byte, inside) === model.isOutside(a, b),
          JSON.stringify([a, b]),
        );
        assert(beginsStringOf(a.charCodeAt(0), byte) === beginsString(a + b));
      }
    }
  }
});

Deno.test("two bytes side by side tell where an escape may be", () => {
  for (const [patterns] of SETS) {
    const { glance, chars } = compile(patterns);
    const model = new Model(patterns);
    const signs = new Set(introducersFor(chars));
    for (const a of BYTES) {
      const first = a.charCodeAt(0);
      for (const b of BYTES) {
        const second = b.charCodeAt(0);
        const bits = (signs.has(first) && goesOn(model, a, b) ? GOES_ON : 0) |
          (signs.has(second) && follows(model, a, b) ? FOLLOWS : 0);
        const told = JSON.stringify([patterns, a, b]);
        assert(glance[first | second << 8] === bits, told);
      }
    }
  }
});

/** Texts of a few letters, in which pieces of the patterns are. */
function* texts(
  random: () => number,
  patterns: readonly string[],
  letters: string,
  count: number,
): Generator<string> {
  const pick = (list: ArrayLike<string>) => list[random() % list.length]!;
  for (let round = 0; round < count; round++) {
    let text = "";
    for (let i = 1 + random() % 6; i > 0; i--) {
      const pattern = pick(patterns);
      const from = random() % pattern.length;
      const kind = random() % 8;
      if (kind === 0) {
        text += pick(INTRODUCERS.map((byte) => String.fromCharCode(byte)));
      } else if (kind === 1) {
        const char = pick(pattern).charCodeAt(0).toString(16).padStart(2, "0");
        text += pick("=%") + (random() % 2 ? char.toUpperCase() : char);
      } else if (kind < 5) text += pattern.slice(from, from + 1 + random() % 5);
      else if (kind === 5) {
        text += "\x00".repeat(random() % 40 ? 1 : 60 + random() % 8);
      } else text += pick(letters);
    }
    yield text;
  }
}

Deno.test("what stands round an escape tells whether it may be the first of a value", () => {
  const random = makeRandom(81);
  const reader = new EscapeReader();
  const counts = { noEscape: 0, belongs: 0, begins: 0, all: 0 };
  for (const [patterns, letters] of SETS) {
    const tables = compile(patterns);
    const model = new Model(patterns);
    for (const text of texts(random, patterns, letters, 3000)) {
      const bytes = toBytes(text);
      for (let at = 0; at < text.length; at++) {
        const told = JSON.stringify([patterns, text, at]);
        const begins = mayBegin(model, text, at);
        assert(mayBeginAt(bytes, at, tables) === begins, told);
        counts.all++;
        if (begins) counts.begins++;
        const isIntroduced = isIntroducer(text[at]!);
        if (!isIntroduced) continue;
        const isNone = isNoEscape(model, text, at);
        assert(isNoEscapeAt(bytes, at, tables) === isNone, told);
        if (isNone) counts.noEscape++;
        if (!reader.read(bytes, at, bytes.length)) continue;
        const done = random() % 3 ? 0 : random() % (at + 1);
        const ways = Array.from({ length: reader.count }, (_, way) => {
          const from = way === 0 ? 0 : reader.ends[way - 1]!;
          const said = reader.bytes.slice(from, reader.ends[way]!);
          return [String.fromCharCode(...said), reader.lengths[way]!] as const;
        });
        const belongs = reader.cut ||
          ways.some(([said, length]) =>
            mayWrite(model, text, at, done, said, length)
          );
        assert(
          mayBelong(bytes, at, done, reader, tables) === belongs,
          `${told} ${done}`,
        );
        if (belongs) counts.belongs++;
      }
    }
  }
  for (const count of Object.values(counts)) assert(count > 3000, `${count}`);
});

Deno.test("the next escape is found wherever a text lies, and in whatever it is", () => {
  const random = makeRandom(82);
  let found = 0;
  for (const [patterns, letters] of SETS) {
    const tables = compile(patterns);
    const model = new Model(patterns);
    const signs = introducersFor(tables.chars);
    for (let round = 0; round < 24; round++) {
      const parts = [...texts(random, patterns, letters, 20)];
      const fill = () =>
        [".", "-", "\xff", "\xff.\xfe", "\xff\xffab\xff%", "=\xff"][
          random() % 6
        ]!.repeat(random() % 40);
      const all = parts.map((part) => fill() + part).join("");
      const text = round % 3 ? all.slice(0, 700) : all.slice(0, random() % 40);
      const offset = random() % 8;
      const memory = new Uint8Array(offset + text.length + 3);
      memory.set(toBytes(text), offset);
      const bytes = memory.subarray(offset, offset + text.length);
      const words = wordsOf(bytes);
      assertEquals(words !== undefined, bytes.length >= 256);
      const left = random() % 3 ? 0 : random() % 20;
      const until = Math.max(0, text.length - left);
      // With neighbours the table tells; alone any introducer may be one.
      const sought = [...text].map((char, at) =>
        (signs.includes(char.charCodeAt(0)) ||
          text.length === 1 && isIntroducer(char)) &&
        isSought(model, text, at)
      );
      const nextOf = (from: number, end = until) => {
        const at = sought.indexOf(true, from);
        return at === -1 || at >= end ? end : at;
      };
      for (let from = 0; from <= until; from++) {
        const told = () =>
          JSON.stringify([patterns, text, offset, from, until]);
        const plain = nextSought(tables, bytes, undefined, from, until);
        if (plain !== nextOf(from)) assertEquals(plain, nextOf(from), told());
        const grouped = nextSought(tables, bytes, words, from, until);
        if (grouped !== plain) assertEquals(grouped, plain, told());
        if (plain < until) found++;
      }
    }
  }
  assert(found > 10_000, `${found}`);
});

Deno.test("a byte alone is looked at if it begins an escape", () => {
  for (const [patterns] of SETS) {
    const tables = compile(patterns);
    for (const char of BYTES) {
      assertEquals(
        nextSought(tables, toBytes(char), undefined, 0, 1) === 0,
        isIntroducer(char) && isSought(new Model(patterns), char, 0),
        JSON.stringify([patterns, char]),
      );
    }
  }
});

Deno.test("a short text is looked through without words", () => {
  assertEquals(wordsOf(new Uint8Array(255)), undefined);
  for (const offset of [0, 1, 2, 3, 4, 5]) {
    for (const length of [256, 257, 258, 259, 260]) {
      const memory = new Uint8Array(offset + length + 9);
      for (let i = 0; i < memory.length; i++) memory[i] = i;
      const bytes = memory.subarray(offset, offset + length);
      const words = wordsOf(bytes)!;
      const start = (4 - offset % 4) % 4;
      const whole = bytes.subarray(start, start + ((length - start) & ~3));
      assertEquals(
        new Uint8Array(words.buffer, words.byteOffset, words.byteLength),
        whole,
      );
    }
  }
});
