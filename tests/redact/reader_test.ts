import { assert, assertEquals } from "../support/assert.ts";
import { EscapeReader } from "../../lib/redact/escapes.ts";
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
  [...new Set(ways.map((way) => JSON.stringify(way)))].sort();

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
  for (let round = 0; round < 30_000; round++) {
    const text = makeText(random);
    assertEquals(
      sorted(read(text)),
      sorted(waysOf(text)),
      JSON.stringify(text),
    );
  }
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
