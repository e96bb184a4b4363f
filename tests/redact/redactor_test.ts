import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import {
  combineRedactors,
  createRedactor,
  type Redactor,
} from "../../lib/redact/redactor.ts";
import { makeRandom } from "./oracle.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const create = (...values: string[]) => createRedactor(values.map(encode));

/** The output of a scanner, chunk by chunk. */
function scan(redactor: Redactor, chunks: readonly Uint8Array[]): string[] {
  const scanner = redactor.scanner();
  const out = chunks.map((chunk) => decode(scanner.push(chunk)));
  return [...out, decode(scanner.flush())];
}

const KEY = "-----BEGIN PRIVATE KEY-----\n" +
  "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDJ5s+xQp7Lw8ab\n" +
  "q0Vt/3nUu2yXcHkPzR1eS9dGmFh4ToLwE6KjNvBYiA8rC5gW7ZxQlDtO+MnUvwXy\n" +
  "Zr8t2Q==\n-----END PRIVATE KEY-----\n";

Deno.test("text() masks each occurrence, and touching ones as one", () => {
  const redactor = create("hunter2", "s3cr3t");
  assertEquals(redactor.text("a hunter2 b s3cr3thunter2 c"), "a *** b *** c");
});

Deno.test("text() masks secrets that overlap, contain each other or begin alike", () => {
  const redactor = create("abcdef", "defghi", "abcd", "abcdefghijkl", "cde");
  assertEquals(redactor.text("<abcdefghi>"), "<***>");
  assertEquals(
    redactor.text("<abcd> <abcdefghijkl> <defgh>"),
    "<***> <***> <defgh>",
  );
});

Deno.test("text() gives back a string without secrets, and keeps lone surrogates", () => {
  const redactor = create("hunter2", "caf\u00e9");
  for (const text of ["", "hunter", "\ud83d\ude00", "\ud800 lone"]) {
    assertStrictEquals(redactor.text(text), text);
  }
  assertEquals(
    redactor.text("\ud800 \ud83d\ude00 hunter2 \u20ac caf\u00e9\udc00 hunter2"),
    "\ud800 \ud83d\ude00 *** \u20ac ***\udc00 ***",
  );
});

Deno.test("text() masks the whole character where a binary value ends inside one", () => {
  const redactor = createRedactor([
    Uint8Array.of(0xa9, 0x61, 0x62, 0x63, 0xc3),
  ]);
  assertEquals(
    redactor.text("x\u00e9abc\u00e9y\u00e9"),
    "x***y\u00e9",
  );
  assertEquals(
    redactor.text("x\u00c9\u00e9\u00a9abc\u00e9y"),
    "x\u00c9\u00e9***y",
  );
});

Deno.test("bytes() gives back the same array if there is nothing to mask", () => {
  const redactor = create("hunter2");
  const clean = encode("hunter1 and hunter3");
  assertStrictEquals(redactor.bytes(clean), clean);
  assertEquals(
    redactor.bytes(encode("hunter2 and hunter2")),
    encode("*** and ***"),
  );
});

Deno.test("values under 4 bytes are skipped and told by index", () => {
  const redactor = create("abc", "hunter2", "", "x\n");
  assertEquals(redactor.skipped, [0, 2, 3]);
  assertEquals(redactor.empty, false);
  assertEquals(redactor.text("abc x hunter2"), "abc x ***");
});

Deno.test("an empty redactor gives back what it gets", async () => {
  const redactor = create("abc");
  assert(redactor.empty);
  const bytes = encode("abc");
  assertStrictEquals(redactor.bytes(bytes), bytes);
  assertStrictEquals(redactor.text("abc"), "abc");
  const scanner = redactor.scanner();
  assertStrictEquals(scanner.push(bytes), bytes);
  assertEquals([scanner.flush().length, scanner.pending], [0, 0]);
  const out = await Array.fromAsync(
    ReadableStream.from([bytes]).pipeThrough(redactor.stream()),
  );
  assertStrictEquals(out[0], bytes);
});

Deno.test("push() gives back the same chunk while nothing is pending", () => {
  const scanner = create("hunter2").scanner();
  const chunk = encode("a line of a log\n");
  assertStrictEquals(scanner.push(chunk), chunk);
  assertEquals(scanner.pending, 0);
  assertEquals(decode(scanner.push(encode("hunt"))), "");
  assertEquals(scanner.pending, 4);
  assertEquals(decode(scanner.push(encode("ing hun"))), "hunting ");
  assertEquals(scanner.pending, 3);
  assertEquals(decode(scanner.push(encode("ter2"))), "***");
  assertStrictEquals(scanner.push(chunk), chunk);
});

Deno.test("push() gives a mask as soon as it is certain, and one for touching secrets", () => {
  assertEquals(
    scan(
      create("hunter2", "hunter2hunter3"),
      ["x hunter2", "hunt", "er", "3", "!"].map(encode),
    ),
    ["x ***", "", "", "", "!", ""],
  );
  assertEquals(
    scan(create("hunter2"), ["hunter2", "hunter2", "hunt", "x"].map(encode)),
    ["***", "", "", "huntx", ""],
  );
});

Deno.test("flush() gives an unfinished secret as it is, and the scanner starts anew", () => {
  const scanner = create("hunter2").scanner();
  assertEquals(decode(scanner.push(encode("say hunter"))), "say ");
  assertEquals(decode(scanner.flush()), "hunter");
  assertEquals(decode(scanner.push(encode("2 hunter2"))), "2 ***");
  assertEquals(decode(scanner.flush()), "");
  assertEquals(decode(scanner.push(encode("hunter2"))), "***");
});

Deno.test("a mask given out cannot be changed by its receiver", () => {
  const scanner = create("hunter2").scanner();
  scanner.push(encode("hunter2")).fill(0);
  assertEquals(decode(scanner.push(encode(" hunter2"))), " ***");
});

Deno.test("every split of a text into chunks gives what the whole text gives", () => {
  const redactor = create("abcab", "cabx", "hunter2", KEY);
  const texts = [
    "abcabcabx",
    "xabcabxabca",
    "hunter2cabxhunter",
    "cabcabcabx",
  ];
  for (const text of texts) {
    const bytes = encode(text);
    const expected = redactor.text(text);
    // Each bit of `cuts` is one place to cut, or not: all ways there are.
    for (let cuts = 0; cuts < 1 << Math.min(bytes.length - 1, 12); cuts++) {
      const chunks: Uint8Array[] = [];
      let from = 0;
      for (let i = 1; i <= bytes.length; i++) {
        if (i < bytes.length && !(cuts & (1 << (i - 1)))) continue;
        chunks.push(bytes.subarray(from, i));
        from = i;
      }
      assertEquals(scan(redactor, chunks).join(""), expected);
    }
  }
});

Deno.test("a key, its lines and its base64 are masked byte by byte as at once", () => {
  const redactor = create(KEY);
  const lines = KEY.split("\n");
  const wrapped = btoa(KEY).match(/.{1,76}/g)!.join("\n");
  const text =
    `cat:\n${KEY}next\n${lines[1]} and ${lines[2]}\r\n${
      lines[0]
    }\n${wrapped}\n` +
    `{"log":${JSON.stringify(KEY)}} ${lines[2]!.slice(0, 40)}`;
  const expected = redactor.text(text);
  assertEquals(
    // The line end of the file is no part of the secret.
    expected.replace("***Cg==\n", "***\n"),
    `cat:\n***\nnext\n*** and ***\r\n${lines[0]}\n***\n***\n***\n***\n` +
      `{"log":"***\\n"} ${lines[2]!.slice(0, 40)}`,
  );
  const bytes = encode(text);
  assertEquals(
    scan(redactor, Array.from(bytes, (byte) => Uint8Array.of(byte))).join(""),
    expected,
  );
});

Deno.test("a line of a log is not held back for its line end", () => {
  const scanner = create(KEY, "user: bob\npass: hunter2\n".repeat(9)).scanner();
  for (const line of ["Step 1/2\n", "#5 0.1 ok\r\n", "\n", "100%\r"]) {
    assertEquals(decode(scanner.push(encode(line))), line);
  }
});

Deno.test("random bytes pass byte by byte the same, in chunks that are views or copies", () => {
  const redactor = create("hunter2", KEY, "correct horse battery staple");
  const random = makeRandom(7);
  const bytes = Uint8Array.from({ length: 300_000 }, () => random());
  const scanner = redactor.scanner();
  const out = new Uint8Array(bytes.length);
  let at = 0;
  for (let from = 0; from < bytes.length;) {
    const to = from + random() % 3000;
    const decided = scanner.push(bytes.subarray(from, to));
    out.set(decided, at);
    at += decided.length;
    from = to;
  }
  const rest = scanner.flush();
  out.set(rest, at);
  assertEquals(at + rest.length, bytes.length);
  assertEquals(out, bytes);
});

Deno.test("stream() masks over chunk borders and gives no empty chunks", async () => {
  const source = ReadableStream.from(
    ["a hun", "ter", "2 b ", "hunt"].map(encode),
  );
  const out = await Array.fromAsync(
    source.pipeThrough(create("hunter2").stream()),
  );
  assertEquals(out.map(decode), ["a ", "*** b ", "hunt"]);
});

Deno.test("two scanners of a redactor do not mix", () => {
  const redactor = create("hunter2");
  const stdout = redactor.scanner();
  const stderr = redactor.scanner();
  assertEquals(decode(stdout.push(encode("hunt"))), "");
  assertEquals(decode(stderr.push(encode("er2"))), "er2");
  assertEquals(redactor.text("hunter2"), "***");
  assertEquals(decode(stdout.push(encode("er2"))), "***");
});

Deno.test("a redactor shows no value", () => {
  const redactor = create("hunter2-hunter2", KEY);
  const shown = [
    redactor,
    redactor.scanner(),
    redactor.matcher(),
    redactor.stream(),
  ]
    .map((object) =>
      Deno.inspect(object, { depth: 20, showHidden: true }) +
      JSON.stringify(object)
    )
    .join();
  const scanner = redactor.scanner();
  scanner.push(encode("hunter2-hun"));
  const all = shown + Deno.inspect(scanner, { depth: 20, showHidden: true });
  assert(!all.includes("hunter2"));
  assert(!all.includes("MIIE"));
  assert(!all.includes("104, 117")); // "hu", as bytes
});

Deno.test("combined redactors mask what each masks, and number their values on", () => {
  const long = "abcdefghij".repeat(30);
  const parts = [
    create("hunter2", "no"),
    create(),
    create("ter2 and more", KEY),
    create(long, "x", "s3cr3t"),
  ];
  const all = combineRedactors(parts);
  const atOnce = create(
    "hunter2",
    "no",
    "ter2 and more",
    KEY,
    long,
    "x",
    "s3cr3t",
  );
  assertEquals(all.skipped, atOnce.skipped);
  const text = `hunter2 and more, s3cr3t${KEY}${long}hunter2${btoa(KEY)} ${
    long.slice(0, 200)
  } hunter`;
  assertEquals(all.text(text), atOnce.text(text));
  for (const size of [1, 7, 100, 1000]) {
    const chunks = Array.from(
      { length: Math.ceil(text.length / size) },
      (_, i) => encode(text.slice(i * size, (i + 1) * size)),
    );
    assertEquals(scan(all, chunks).join(""), atOnce.text(text), `${size}`);
  }
  const found = new Set<number>();
  all.matcher().scan(encode(text), ({ pattern }) => found.add(pattern.value));
  assertEquals([...found].sort(), [0, 2, 3, 4, 6]);
  const none = combineRedactors([create(), create()]);
  assert(none.empty);
  assertStrictEquals(none.text(text), text);
  assertEquals(
    combineRedactors([all, create("more")]).text("hunter2 more"),
    "*** ***",
  );
});
