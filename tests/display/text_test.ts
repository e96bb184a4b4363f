import { lastVersion, printable } from "../../lib/display/printable.ts";
import { textWidth, truncate } from "../../lib/display/text_width.ts";
import {
  formatBytes,
  formatProgress,
  formatSeconds,
} from "../../lib/display/units.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("textWidth() counts columns", () => {
  const widths: [string, number][] = [
    ["", 0],
    ["abc", 3],
    ["é", 1],
    ["e\u0301", 1],
    ["漢字", 4],
    ["한국", 4],
    ["ｆｕｌｌ", 8],
    ["😀", 2],
    ["👩‍👩‍👧", 2],
    ["a\u200bb", 2],
  ];
  for (const [text, width] of widths) {
    assertEquals(textWidth(text), width, JSON.stringify(text));
  }
});

Deno.test("truncate() cuts between characters and never goes beyond", () => {
  assertEquals(truncate("abcdef", 3), "abc");
  assertEquals(truncate("漢字", 3), "漢");
  assertEquals(truncate("e\u0301e\u0301x", 2), "e\u0301e\u0301");
  assertEquals(truncate("abc", 0), "");
  assertEquals(truncate("abc", -1), "");
  for (let columns = 0; columns < 30; columns++) {
    const cut = truncate("a漢😀e\u0301 b字\u200bc한d", columns);
    assert(textWidth(cut) <= columns);
  }
});

Deno.test("printable() leaves nothing that does anything", () => {
  assertEquals(
    printable("\x1b[31mred\x1b[0m \x1b]0;t\x07x\x1b(B\x07\x00"),
    "red x",
  );
  assertEquals(printable("a\tb"), "a       b");
  assertEquals(printable("\x9b2Jx\x1bPq#\x1b\\y\x1b"), "xy");
  assertEquals(printable("a\u202eb\u2066c\r\n"), "abc");
  for (let code = 0; code < 0xa0; code++) {
    const character = String.fromCharCode(code);
    const seen = printable(`<${character}`);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x1f\x7f-\x9f]/.test(seen), String(code));
  }
});

Deno.test("lastVersion() keeps what was written over", () => {
  assertEquals(lastVersion("1%\r50%\r99%"), "99%");
  assertEquals(lastVersion("done\r"), "done");
  assertEquals(lastVersion("plain"), "plain");
});

Deno.test("formatBytes(), formatProgress() and formatSeconds() write as buildx", () => {
  assertEquals(formatBytes(0), "0B");
  assertEquals(formatBytes(999), "999B");
  assertEquals(formatBytes(1000), "1.00kB");
  assertEquals(formatBytes(123_456_789), "123.46MB");
  assertEquals(formatProgress(0, undefined), "");
  assertEquals(formatProgress(5, undefined), "5B");
  assertEquals(formatProgress(5, 2000), "5B / 2.00kB");
  assertEquals(formatSeconds(1234), "1.2");
});
