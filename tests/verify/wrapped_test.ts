import { type SecretFind, verifySecrets } from "../../mod.ts";
import { Automaton, type Match } from "../../lib/redact/automaton.ts";
import { concatBytes } from "../../lib/streams/bytes.ts";
import { WrappedSearch } from "../../lib/verify/wrapped_search.ts";
import { makeBytes, makeRandom } from "../redact/oracle.ts";
import { assertEquals } from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";
import { tarBytes } from "../support/tar.ts";
import { newKey } from "./keys.ts";

const TOKEN = "tk-9f8e7d6c5+x/b4a392=&81706";
const encode = (text: string) => new TextEncoder().encode(text);

/** As `base64 -w`, `openssl base64` and `xxd -p` cut a text. */
function wrap(text: string, width: number, lineEnd = "\n"): string {
  return text.match(new RegExp(`.{1,${width}}`, "g"))!
    .map((line) => line + lineEnd).join("");
}

const toBase64 = (bytes: Uint8Array) => bytes.toBase64();
const toHex = (bytes: Uint8Array) => bytes.toHex();

async function search(
  files: Record<string, string | Uint8Array>,
  secret: string | Uint8Array,
  pieces = Infinity,
): Promise<readonly SecretFind[]> {
  const tar = await tarBytes(files);
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const bytes = tar.slice(at, at + pieces);
      if (bytes.length === 0) return controller.close();
      at += bytes.length;
      controller.enqueue(bytes);
    },
  }, { highWaterMark: 0 });
  return (await verifySecrets(stream, { t: secret })).finds;
}

Deno.test("a value in an encoded text in lines is found at each place of a line", async () => {
  const ways: [string, (bytes: Uint8Array) => string, number, string][] = [
    ["base64", toBase64, 64, "\n"],
    ["base64", toBase64, 76, "\n"],
    ["base64", toBase64, 76, "\r\n"],
    ["base64", toBase64, 76, "\n "], // LDIF's
    ["hex", toHex, 60, "\n"],
    ["hex", (bytes) => toHex(bytes).toUpperCase(), 64, "\n"],
  ];
  for (const [form, toText, width, lineEnd] of ways) {
    const files: Record<string, string> = {};
    for (let before = 0; before <= 76; before++) {
      const text = `${"x".repeat(before)}${TOKEN}${"y".repeat(99)}`;
      const name = `${before}`.padStart(2, "0");
      files[name] = `# a word before\n${
        wrap(toText(encode(text)), width, lineEnd)
      }`;
    }
    for (const pieces of [Infinity, 61]) {
      const finds = await search(files, TOKEN, pieces);
      assertEquals(
        finds.map(({ path, form, count }) => [path, form, count]),
        Object.keys(files).map((path) => [path, form, 1]),
        `${form}, ${width}`,
      );
    }
  }
});

Deno.test("a find in lines tells the offset of its first byte", async () => {
  for (const prefix of ["", "a word\n", "x ".repeat(40_000)]) {
    // 40 letters in the first line, the rest in the second.
    const body = wrap(toBase64(encode(`${"x".repeat(33)}${TOKEN}`)), 64);
    const [find] = await search({ a: `${prefix}\n${body}` }, TOKEN);
    assertEquals(find?.offset, prefix.length + 1 + 44);
  }
});

Deno.test("a long value in lines is found once, wherever they are cut", async () => {
  const key = await newKey();
  const other = await newKey();
  for (const before of [0, 1, 2, 17, 50, 76]) {
    const text = (key: string) =>
      wrap(toBase64(encode(`${"x".repeat(before)}${key}and more`)), 72);
    const finds = await search({ a: text(key) }, key, 1000);
    assertEquals(
      finds.map(({ form, count }) => [form, count]),
      [["base64", 1]],
    );
    assertEquals(await search({ a: text(other) }, key), []);
  }
  const large = randomBytes(40_000);
  large[0] = 1; // a value is looked for without line ends before and behind it, too
  large[large.length - 1] = 1;
  const text = wrap(toHex(concatBytes(encode("before"), large)), 60);
  assertEquals((await search({ a: text }, large))[0]?.offset, 12);
});

Deno.test("what is one text only without its line ends gives no find in words", async () => {
  // Lines of words, short lines, and a line that ends in something else.
  const half = btoa(TOKEN).slice(1, 13);
  const rest = btoa(TOKEN).slice(13);
  const files = {
    short: `${half}\n${rest}\n`,
    other: `${"x".repeat(40)}${half}:\n${rest}\n`,
    behind: `${"x".repeat(40)}${half}\n:${rest}\n`,
  };
  assertEquals(await search(files, TOKEN), []);
});

Deno.test("what is found in lines does not depend on the pieces, and is what a plain search of the joined text finds", () => {
  const random = makeRandom(7);
  const bytes = (text: string) => new TextEncoder().encode(text);
  const word = (length: number) => makeBytes(random, length, 2, "ab");
  const patterns = [
    word(9),
    word(12),
    makeBytes(random, 150, 16, "abcdefghijklmnop"),
  ];
  const automaton = new Automaton(
    patterns.map((bytes, value) => ({ bytes, form: "base64", value })),
  );
  for (let round = 0; round < 300; round++) {
    const pieces: Uint8Array[] = [];
    for (let i = 0; i < 30; i++) {
      pieces.push(
        random() % 3 ? patterns[random() % 3]! : word(random() % 90),
        bytes(random() % 12 ? "" : ": "),
      );
    }
    const text = pieces.reduce(concatBytes);
    const width = 32 + random() % 50;
    const lines: Uint8Array[] = [];
    for (let at = 0; at < text.length; at += width) {
      lines.push(
        text.subarray(at, at + width),
        bytes(["\n", "\r\n"][random() % 2]!),
      );
    }
    const wrapped = lines.reduce(concatBytes);
    const found = (size: () => number) => {
      const matches: string[] = [];
      const search = new WrappedSearch(automaton.matcher(), automaton.reach);
      const take = ({ start, end, pattern }: Match) =>
        matches.push(`${pattern.value} ${start} ${end} ${pattern.at}`);
      for (let at = 0; at < wrapped.length;) {
        const next = Math.min(wrapped.length, at + size());
        search.push(wrapped.subarray(at, next), take);
        at = next;
      }
      search.end(take);
      return matches;
    };
    const whole = found(() => wrapped.length);
    assertEquals(found(() => 1), whole);
    assertEquals(found(() => 1 + random() % 40), whole);
    // Every place of a short one across a line end that is of full lines.
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const told = new Set(
      whole.map((match) => match.split(" ").slice(0, 3).join(" ")),
    );
    const lineEnds = "[\\r\\n]*";
    for (const [value, pattern] of patterns.slice(0, 2).entries()) {
      const across = new RegExp(
        `(?=(${[...decode(pattern)].join(lineEnds)}))`,
        "g",
      );
      for (const { index, 1: match = "" } of decode(wrapped).matchAll(across)) {
        if (!/[\r\n]/.test(match)) continue;
        const before = decode(wrapped).slice(0, index + match.search(/[\r\n]/));
        if (!/[ab-p]{32}$/.test(before)) continue;
        const key = `${value} ${index} ${index + match.length}`;
        assertEquals(told.has(key), true, `${key} in ${decode(wrapped)}`);
      }
    }
  }
});

Deno.test("of a value that stands in lines and in one piece the first place is told", async () => {
  const inLines = wrap(toBase64(encode(`${"x".repeat(33)}${TOKEN}`)), 64);
  const inOne = `"${toBase64(encode(TOKEN))}"\n`;
  for (
    const [text, offset] of [
      [`${inLines}\n: ${inOne}`, 44],
      [`: ${inOne}${inLines}`, 3],
    ] as const
  ) {
    const [find, ...others] = await search({ a: text }, TOKEN);
    assertEquals([find?.offset, find?.count, others], [offset, 2, []]);
  }
});
