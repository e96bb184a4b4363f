import { assert, assertEquals } from "../support/assert.ts";
import { createFinder } from "../../lib/redact/finder.ts";
import { createRedactor, type Redactor } from "../../lib/redact/redactor.ts";
import { makeRandom } from "./oracle.ts";
import { makeValue, spell, SPELLINGS } from "./spellings.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const create = (...values: string[]) => createRedactor(values.map(encode));

function inPieces(
  redactor: Redactor,
  text: string,
  sizeOf: () => number,
): string {
  const scanner = redactor.scanner();
  const decoder = new TextDecoder();
  const bytes = encode(text);
  let out = "";
  for (let at = 0; at < bytes.length;) {
    const size = sizeOf();
    const chunk = bytes.slice(at, at + size);
    out += decoder.decode(scanner.push(chunk), { stream: true });
    chunk.fill(0x2e); // it is borrowed
    at += size;
  }
  return out + decoder.decode(scanner.flush());
}

/** Masked at once, and in pieces of any size. */
function assertMasked(value: string, text: string, expected: string) {
  const redactor = create(value);
  const told = JSON.stringify({ value, text });
  assertEquals(redactor.text(text), expected, told);
  const random = makeRandom(text.length);
  assertEquals(inPieces(redactor, text, () => 1), expected, told);
  assertEquals(
    inPieces(redactor, text, () => 1 + random() % 20),
    expected,
    told,
  );
}

Deno.test("each family's way to write a value is masked, alone and mixed with all others", () => {
  const random = makeRandom(41);
  const all = Object.values(SPELLINGS);
  for (const [name, spelling] of [...Object.entries(SPELLINGS), ["", ""]]) {
    const ways = typeof spelling === "function" ? [spelling] : all;
    for (let round = 0; round < (name === "" ? 300 : 15); round++) {
      // One that ends with a line end has that cut off.
      const value = `q${makeValue(random, 4 + random() % 30)}z`;
      const text = spell(random, value, ways, random() % 8);
      assertMasked(value, `say ${text} ok`, "say *** ok");
      assertMasked(value, `k=${text}, again: ${text}`, "k=***, again: ***");
    }
  }
});

Deno.test("long values are masked in any writing, and as far as they were printed", () => {
  const random = makeRandom(42);
  const all = Object.values(SPELLINGS);
  for (let round = 0; round < 60; round++) {
    const value = `q${makeValue(random, 64 + random() % 600)}z`;
    const text = spell(random, value, all, random() % 9);
    assertMasked(value, `say ${text} ok`, "say *** ok");
  }
  const key = Array.from(
    { length: 40 },
    () => makeValue(random, 64).replaceAll("\n", "x"),
  ).join("\n");
  const json = JSON.stringify(key).slice(1, -1);
  const shown = create(key).text(json.slice(0, json.length >> 1));
  assert(shown.startsWith("***") && shown.length < 200, shown);
});

Deno.test("what escapes is not the value passes, byte by byte the same", () => {
  const random = makeRandom(43);
  const all = Object.values(SPELLINGS);
  const redactor = create("correct horse/battery+staple", "hunter2&hunter3");
  for (let round = 0; round < 300; round++) {
    const text = spell(random, makeValue(random, 300), all, random() % 9);
    assertEquals(redactor.text(text), text);
    assertEquals(inPieces(redactor, text, () => 1 + random() % 9), text);
  }
});

Deno.test("the encoders of the platform are masked: URL, encodeURI, escape, JSON, forms", () => {
  const value = "p@ss/W0rd+1&x ü'\"\\z";
  const url = new URL("https://h.example/");
  url.password = value;
  url.username = value;
  url.search = value;
  url.hash = value;
  const { username, password, search, hash } = url;
  const legacy = (globalThis as unknown as { escape(text: string): string })
    .escape;
  for (
    const [text, left] of [
      [username, ""],
      [password, ""],
      [search, "?"],
      [hash, "#"],
      [encodeURI(value), ""],
      [encodeURIComponent(value), ""],
      [encodeURIComponent(JSON.stringify(value).slice(1, -1)), undefined],
      [legacy(value), ""],
      [new URLSearchParams([["", value]]).toString(), "="],
      [Deno.inspect([value]), undefined],
      [`https://me:${password}@h.example/`, "https://me:"],
    ] as const
  ) {
    const shown = create(value).text(text);
    assert(shown.includes("***"), `${text}: ${shown}`);
    if (left !== undefined) assert(shown.startsWith(`${left}***`), shown);
    assert(!/W0rd/.test(shown), shown);
  }
});

Deno.test("both the mask and the proof know each writing, and what it is called", () => {
  for (
    const [text, form] of [
      ["a%2Fb%26c", "percent"],
      ["a\\/b\\u0026c", "json"],
      ["a/b&amp;c", "html"],
      ["a\\x2fb&c", "escape"],

      ["a=2Fb&c", "quoted-printable"],
      ["a%2Fb&amp;c", "mixed"],
    ] as const
  ) {
    const matcher = createFinder([encode("a/b&c")]).matcher();
    const found: [string, number, number][] = [];
    matcher.scan(
      encode(`x ${text} y`),
      ({ pattern: { form }, start, end }) => found.push([form, start, end]),
    );
    assertEquals(found, [[form, 2, 2 + text.length]]);
    assertEquals(create("a/b&c").text(`x ${text} y`), "x *** y");
  }
});

Deno.test("what an escape swallows of the text before is a value all the same", () => {
  for (
    const [value, text, expected] of [
      ["41bc&de", "key=41bc&amp;de", "key=***"],
      ["nab&cd", "C:\\nab&amp;cd", "C:***"],
      ["20ab&cd", "100%20ab&amp;cd", "100%***"],
      ["lt;b&cd", "a &lt;b&amp;cd", "a &***"],
      ["a%41b&c", "x a%41b&amp;c", "x ***"],
      ["a%41b&c", "x a%2541b&c", "x ***"],
      ["a\\nb/c", "a\\\\nb\\/c", "***"],
    ] as const
  ) assertMasked(value, text, expected);
});

Deno.test("what may begin an escape is held back, and no more than a bounded number of bytes", () => {
  const redactor = create("hunter/2", "a'b'c'd");
  const scanner = redactor.scanner();
  assertEquals(decode(scanner.push(encode("100%"))), "100");
  assertEquals(decode(scanner.push(encode(" of it"))), "% of it");
  assertEquals(decode(scanner.push(encode("x hunt%65"))), "x ");
  assertEquals(decode(scanner.push(encode("r&#4"))), "");
  assertEquals(decode(scanner.push(encode("7;2 y"))), "*** y");
  assertEquals(decode(scanner.push(encode("hunter&#4"))), "");
  assertEquals(decode(scanner.flush()), "hunter&#4");
  for (const endless of ["'", "\\", "=\n", "&amp;", "%25", '"', "a'"]) {
    const scanner = redactor.scanner();
    scanner.push(encode("a"));
    for (let i = 0; i < 500; i++) {
      scanner.push(encode(endless.repeat(10)));
      assert(scanner.pending < 8 * 64 * 9, endless);
    }
  }
  // Only the end tells that there is no semicolon.
  assertEquals(create("hunter/").text("hunter&#47"), "***");
  const last = create("hunter/").scanner();
  last.push(encode("hunter&#47"));
  assertEquals(decode(last.flush()), "***");
});

Deno.test("a search in escapes is linear", () => {
  const size = 200_000;
  const cases: [value: string, unit: string][] = [
    ["a".repeat(60) + "b", "\\x61"],
    ["a".repeat(500) + "b", "%61"],
    ["a".repeat(60) + "'", "a'"],
    ["\\".repeat(30) + "x", "\\"],
    ["%25".repeat(10) + "x", "%25"],
    ["&amp;".repeat(10) + "x", "&amp;"],
    ["'".repeat(30) + "x", "'"],
  ];
  for (const [value, unit] of cases) {
    const text = encode(unit.repeat(size / unit.length));
    const matcher = createRedactor([encode(value)]).matcher();
    matcher.spans(text.subarray(0, size >> 1), () => {});
    const half = matcher.steps;
    matcher.spans(text.subarray(size >> 1), () => {});
    assert(matcher.steps < 2.2 * half, unit);
    assert(matcher.steps < 1500 * size, `${unit}: ${matcher.steps}`);
  }
});
