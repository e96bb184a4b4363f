import { Automaton, type Matcher } from "../../lib/redact/automaton.ts";
import {
  combineRedactors,
  createRedactor,
  createRedactorInSlices,
} from "../../lib/redact/redactor.ts";
import { IdleScanner, MaskingScanner } from "../../lib/redact/scanner.ts";
import { SpanUnion } from "../../lib/redact/spans.ts";
import { concatBytes } from "../../lib/streams/bytes.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { makeBytes, makeRandom } from "./oracle.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** What is given of a text when its beginning was looked through, slowly. */
function givenSlowly(
  text: Uint8Array,
  matcher: Matcher,
  isEnd = false,
): { out: string; cut: number } {
  const union = new SpanUnion();
  matcher.spans(text, union.add);
  const limit = isEnd ? text.length : matcher.undecided;
  let [out, cut] = ["", 0];
  for (let i = 0; i < union.list.length; i += 2) {
    const [start, end] = [union.list[i]!, union.list[i + 1]!];
    if (start > limit) break;
    out += decode(text.subarray(cut, start)) + "***";
    cut = end;
  }
  const to = Math.max(cut, limit);
  return { out: out + decode(text.subarray(cut, to)), cut: to };
}

Deno.test("a scanner gives what is decided, and holds the rest, after each piece", () => {
  const random = makeRandom(17);
  for (let round = 0; round < 400; round++) {
    const patterns = Array.from(
      { length: 1 + random() % 4 },
      (_, value) => ({
        bytes: makeBytes(random, 3 + random() % 9, 2, "ab"),
        form: "plain" as const,
        value,
      }),
    );
    const automaton = new Automaton(patterns);
    const scanner = new MaskingScanner(automaton.matcher());
    for (let stream = 0; stream < 2; stream++) {
      let text: Uint8Array = new Uint8Array(0);
      for (let i = 0; i < 12; i++) {
        const part = random() % 4
          ? patterns[random() % patterns.length]!.bytes
          : makeBytes(random, random() % 6, 4, "abxy");
        text = concatBytes(text, part.subarray(0, 1 + random() % 12));
      }
      let given = "";
      for (let at = 0; at < text.length;) {
        const next = Math.min(text.length, at + random() % 7);
        const piece = text.slice(at, next);
        const isIdle = scanner.pending === 0;
        const bytes = scanner.push(piece);
        given += decode(bytes);
        at = next;
        const { out, cut } = givenSlowly(
          text.subarray(0, at),
          automaton.matcher(),
        );
        assertEquals([given, scanner.pending], [out, at - cut]);
        const whole = automaton.matcher();
        let isPlain = true;
        whole.spans(text.subarray(0, at), (_, end) => {
          if (end > at - piece.length) isPlain = false;
        });
        if (isIdle && isPlain && whole.undecided === at) {
          assert(bytes === piece);
        }
        piece.fill(0x21); // who gave it may use it for something else
      }
      given += decode(scanner.flush());
      assertEquals(scanner.pending, 0);
      const { out } = givenSlowly(text, automaton.matcher(), true);
      assertEquals(given, out);
    }
  }
});

Deno.test("a scanner that has nothing to find gives what it gets", () => {
  const scanner = new IdleScanner();
  const chunk = encode("text");
  assert(scanner.push(chunk) === chunk);
  assertEquals([scanner.pending, scanner.flush().length], [0, 0]);
});

Deno.test("a value is masked behind characters of any length, whole ones where it ends in one", () => {
  const redactor = createRedactor([encode("hunter2#")]);
  for (
    const before of [
      "",
      "a",
      "\x7f",
      "\x80",
      "\u07ff",
      "\u0800",
      "\uffff",
      "\u{10000}",
      "\u{10ffff}",
      "\ud800",
      "é\u{1F600}漢",
    ]
  ) {
    for (const behind of [" ", "é", "\u{1F600}x"]) {
      const text = `${before}hunter2#${behind}${before}hunter2#`;
      assertEquals(
        redactor.text(text),
        `${before}***${behind}${before}***`,
        JSON.stringify(text),
      );
      assertEquals(
        decode(redactor.bytes(encode(text))),
        decode(encode(`${before}***${behind}${before}***`)),
      );
    }
  }
  // Values that begin, or end, within a character.
  const all = encode("x\u{1F600}yz\u{1F600}w");
  for (let start = 1; start < 5; start++) {
    for (let end = 8; end < 12; end++) {
      const masked = createRedactor([all.slice(start, end)]).text(decode(all));
      assertEquals(masked, "x***w".slice(0, 4) + "w", `${start} ${end}`);
    }
  }
});

Deno.test("redactors tell which values are short, also of several together", async () => {
  const values = ["abc", "hunter2#", "word\nhunter2#\nmore", "xy"].map(encode);
  const first = createRedactor(values);
  assertEquals([first.skipped, first.partial, first.empty], [
    [0, 3],
    [2],
    false,
  ]);
  const second = createRedactor([encode("swordfish"), encode("x")]);
  const none = createRedactor([encode("z")]);
  assert(none.empty);
  const all = combineRedactors([none, first, second, first]);
  assertEquals(all.skipped, [0, 1, 4, 6, 7, 10]);
  assertEquals(all.partial, [3, 9]);
  assertEquals(all.text("hunter2# swordfish abc"), "*** *** abc");
  const found = (text: string) => {
    const told = new Set<number>();
    const matcher = all.matcher();
    matcher.scan(encode(text), ({ pattern }) => told.add(pattern.value));
    return [...told].toSorted((a, b) => a - b);
  };
  assertEquals(found("hunter2#"), [2, 3, 8, 9]);
  assertEquals(found("swordfish"), [5]);
  assertThrows(
    () => combineRedactors([{ ...none }]),
    TypeError,
    "Cannot combine redactors that were not created here",
  );
  // Lines of seven bytes are everybody's text to a server, of eight they are not.
  const lines = [encode("k9#Qz!w\nm8$Rx?v1\nand a third one")];
  const text = "k9#Qz!w m8$Rx?v1";
  assertEquals(createRedactor(lines).text(text), "*** ***");
  const sliced = await createRedactorInSlices(lines);
  assertEquals(sliced.text(text), "k9#Qz!w ***");
  assertEquals(sliced.text("k9#Qz!w\nm8$Rx?v1\nand a third one"), "***");
});

Deno.test("a stream gives what is held at its end, and no empty pieces", async () => {
  const redactor = createRedactor([encode("hunter2#")]);
  const pieces = async (...texts: string[]) => {
    const stream = ReadableStream.from(texts.map(encode));
    return await Array.fromAsync(
      stream.pipeThrough(redactor.stream()),
      (bytes) => decode(bytes),
    );
  };
  assertEquals(await pieces("a hun", "ter2", "# b"), ["a ", "*** b"]);
  assertEquals(await pieces("hun", "ter2"), ["hunter2"]);
  assertEquals(await pieces("", "x"), ["x"]);
  assertEquals(await pieces("x"), ["x"]);
});
