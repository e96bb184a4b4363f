import {
  assert,
  assertEquals,
  assertFalse,
  assertThrows,
} from "../support/assert.ts";
import { ChunkedBody } from "../../lib/gateway/chunked_body.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What comes of a body in these pieces. */
function read(...pieces: string[]) {
  const sizes: number[] = [];
  const body = new ChunkedBody((bytes) => sizes.push(bytes));
  let data = "";
  let left = "";
  for (const piece of pieces) {
    const bytes = encoder.encode(piece);
    const taken = body.take(bytes);
    data += decoder.decode(taken.data);
    left += piece.slice(taken.length);
  }
  return { data, left, sizes, complete: body.complete };
}

Deno.test("a chunked body is read at every cut, up to its end and no byte further", () => {
  const text = "5\r\nhello\r\n00A\r\n0123456789\r\n1\r\n!\r\n0\r\n\r\nnext";
  const whole = {
    data: "hello0123456789!",
    left: "next",
    sizes: [5, 10, 1, 0],
    complete: true,
  };
  assertEquals(read(text), whole);
  assertEquals(read(...text), whole);
  for (let a = 0; a <= text.length; a++) {
    assertEquals(read(text.slice(0, a), text.slice(a)), whole);
    for (let b = a; b <= text.length; b += 3) {
      assertEquals(
        read(text.slice(0, a), text.slice(a, b), text.slice(b)),
        whole,
      );
    }
  }
  for (let at = 0; at < text.length - "next".length; at++) {
    assertFalse(read(text.slice(0, at)).complete);
  }
});

Deno.test("what is all data is handed on as it is, and not copied", () => {
  const body = new ChunkedBody(() => {});
  body.take(encoder.encode("ff\r\n"));
  const bytes = encoder.encode("abc");
  const { data, length } = body.take(bytes);
  assertEquals([data.buffer === bytes.buffer, length], [true, 3]);
});

Deno.test("a chunk's size is up to eight hexadecimal digits, and lines end in CR LF alone", () => {
  assertEquals(read("ffffFFFF\r\n").sizes, [0xffffffff]);
  assertEquals(read("00000000\r\n\r\n").complete, true);
  const sizeless = "a chunk's size is none";
  const endless = "a chunk does not end in CR LF";
  const apart = "the chunks of its body can't be told apart";
  const cases: [text: string, words: string][] = [
    ["\r\n", sizeless],
    ["g\r\n", sizeless],
    ["-1\r\n", sizeless],
    ["0x1\r\n", sizeless],
    ["123456789\r\n", sizeless],
    ["1234567890\r\n", sizeless],
    ["12345678901", apart],
    ["1;a=b\r\n", sizeless],
    [" 1\r\n", apart],
    ["1 \r\n", apart],
    ["\x7f", apart],
    ["1\n", apart],
    ["1\rx", endless],
    ["1\r\r", endless],
    ["1\r\nab", apart],
    ["1\r\na\rb", endless],
    ["0\r\nA: b\r\n\r\n", apart],
  ];
  for (const [text, words] of cases) {
    const error = assertThrows(() => read(text), Refusal, words);
    assertEquals(error.status, 400);
    assertThrows(() => read(...text), Refusal, words);
  }
  // The characters beside what is no text are looked at as a size.
  assertThrows(() => read("!\r\n"), Refusal, sizeless);
  assertThrows(() => read("~\r\n"), Refusal, sizeless);
});

Deno.test("who counts the sizes can refuse one before its data comes", () => {
  const body = new ChunkedBody((bytes) => {
    if (bytes > 5) throw new Refusal(413, "too much");
  });
  body.take(encoder.encode("5\r\nhello\r\n"));
  const error = assertThrows(() => body.take(encoder.encode("6\r\n")), Refusal);
  assertEquals(error.status, 413);
  assert(!body.complete);
});
