import { describeError } from "../../lib/cli/describe_error.ts";
import {
  lastVersion,
  MAX_HIDDEN_BYTES,
  printable,
} from "../../lib/display/printable.ts";
import { MAX_ESCAPE_BYTES } from "../../lib/redact/escapes.ts";
import { createRedactor } from "../../lib/redact/redactor.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { makeRandom } from "../redact/oracle.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const VALUES = [
  "npm_Zx9Qw7Lm2Pa4Rt6Yu8",
  "pä ss;wörd",
  "k".repeat(40) + "Q".repeat(60),
];

/** What displays take out of a text. */
const HIDDEN = [
  "\x1b[01;31m\x1b[K",
  "\x1b[m\x1b[K",
  "\x1b[0m",
  "\x1b[38;2;255;100;7m",
  "\x1b(B",
  "\x1b=",
  "\x1bM",
  "\x1b]0;a title\x07",
  "\x1b]8;;http://a.example/\x1b\\",
  "\x1bPq\x1b\\",
  "\x9b1m",
  "\x9d0;title\x9c",
  "\x84",
  "\0",
  "\x08",
  "\x07",
  "\x0b",
  "\x7f",
  "\u200e",
  "\u202e",
  "\u2066",
  "\u061c",
  "\u2028",
  "\r",
];

Deno.test("what a display takes out of a text brings no masked value together", () => {
  const random = makeRandom(11);
  const pick = (list: readonly string[]) => list[random() % list.length]!;
  for (let round = 0; round < 2000; round++) {
    const value = VALUES[round % VALUES.length]!;
    const redactor = createRedactor([encode(value)]);
    const rate = 1 + random() % 12;
    // Now and then more of it than a mask looks across.
    const most = random() % 4 === 0 ? 40 : 2;
    const hidden = () => {
      if (random() % rate > 0) return "";
      return Array.from({ length: 1 + random() % most }, () => pick(HIDDEN))
        .join("");
    };
    const text = `say ${
      [...value].map((char, i) => i === 0 ? char : hidden() + char).join("")
    } ok`;
    const scanner = redactor.scanner();
    const bytes = encode(text);
    const cut = random() % bytes.length;
    const streamed = decode(
      Uint8Array.from([
        ...scanner.push(bytes.slice(0, cut)),
        ...scanner.push(bytes.slice(cut)),
        ...scanner.flush(),
      ]),
    );
    const whole = redactor.text(text);
    assertEquals(streamed, whole);
    const told = JSON.stringify(text);
    const error = describeError(new Error(whole), false);
    for (
      const shown of [printable(whole), printable(lastVersion(whole)), error]
    ) {
      assert(!shown.includes(value), told);
    }
    if (most === 2 && !text.includes("\r")) {
      assertEquals(printable(whole), "say *** ok", told);
    }
  }
});

Deno.test("a mask looks across as much as a display takes out", () => {
  assert(MAX_HIDDEN_BYTES <= MAX_ESCAPE_BYTES);
  const hidden = (length: number) => "\0".repeat(length);
  assertEquals(printable(`a${hidden(64)}b`), "ab");
  assertEquals(printable(`a${hidden(65)}b\x1b[0mc`), "a…bc");
  assertEquals(printable("RUN <<EOF\ntrue"), "RUN <<EOF true");
  const redactor = createRedactor([encode("hunter2")]);
  assertEquals(redactor.text(`hunt${hidden(64)}er2`), "***");
  assertEquals(
    redactor.text(`hunt\x1b]0;${"t".repeat(59)}\x07er2`),
    "***",
  );
});

Deno.test("UTF-16 is masked, of either order", () => {
  const redactor = createRedactor([encode("hunter2&3")]);
  for (const before of [false, true]) {
    const text = [..."hunter2&3"].map((char) =>
      before ? `\0${char}` : `${char}\0`
    )
      .join("");
    assertEquals(redactor.text(`a ${text} b`).replaceAll("\0", ""), "a *** b");
  }
});
