import { lastVersion, printable } from "../../lib/display/printable.ts";
import { textWidth, truncate } from "../../lib/display/text_width.ts";
import {
  formatBytes,
  formatProgress,
  formatSeconds,
} from "../../lib/display/units.ts";
import { ByteBuffer } from "../../lib/display/byte_buffer.ts";
import { ownTerminal } from "../../lib/display/terminal.ts";
import { Random } from "../support/random.ts";
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
  assertEquals(formatSeconds(0), "0.0");
  for (
    const [bytes, text] of [
      [1, "1B"],
      [-1000, "-1.00kB"],
      [1001, "1.00kB"],
      [999_994, "999.99kB"],
      [1e6, "1.00MB"],
      [1e9, "1.00GB"],
      [1e12, "1.00TB"],
      [1e15, "1.00PB"],
      [1e18, "1000.00PB"],
    ] as const
  ) assertEquals(formatBytes(bytes), text);
  assertEquals(formatProgress(0, 0), "");
  assertEquals(formatProgress(0, 5), "0B / 5B");
});

Deno.test("textWidth(): the first and the last character of each range that takes two columns, and those beside", () => {
  for (
    const [first, last] of [
      [0x1100, 0x115f],
      [0x2329, 0x232a],
      [0x2e80, 0x303e],
      [0x3041, 0x4dbf],
      [0x4e00, 0xa4cf],
      [0xa960, 0xa97c],
      [0xac00, 0xd7a3],
      [0xf900, 0xfaff],
      [0xfe10, 0xfe19],
      [0xfe30, 0xfe6f],
      [0xff01, 0xff60],
      [0xffe0, 0xffe6],
      [0x16fe0, 0x18cff],
      [0x1aff0, 0x1b2fb],
      [0x20000, 0x3fffd],
    ] as const
  ) {
    const widthOf = (code: number) => textWidth(String.fromCodePoint(code));
    assertEquals([widthOf(first), widthOf(last)], [2, 2], first.toString(16));
    for (const code of [first - 1, last + 1]) {
      // What is put into the character before it: a vowel of Hangul, a
      // variation, a half of a mark over two letters.
      const isPart = [0x1160, 0xfe0f, 0xfe2f].includes(code);
      assertEquals(widthOf(code), isPart ? 0 : 1, code.toString(16));
    }
  }
  assertEquals(textWidth("~\x7f"), 2);
  assertEquals(textWidth("❤️"), 2);
});

Deno.test("truncate() takes what fits to the column, of ASCII and of other text", () => {
  for (
    const [text, columns, cut] of [
      ["abc", 6, "abc"],
      ["abc", 5, "abc"],
      ["abc", 3, "abc"],
      ["abc", 2, "ab"],
      ["漢字", 5, "漢字"],
      ["漢字", 4, "漢字"],
      ["漢字", 3, "漢"],
      ["漢字", 1, ""],
      ["éa", 2, "éa"],
      ["éa", 1, "é"],
      ["a", 1, "a"],
      ["", 3, ""],
      // What takes no column stays only behind what takes one.
      ["\u0301", 0, ""],
      ["\u0301", -1, ""],
    ] as const
  ) assertEquals(truncate(text, columns), cut, `${text} ${columns}`);
});

Deno.test("printable(): tabs, line ends, and what is taken out up to 64 bytes", () => {
  for (
    const [line, shown] of [
      ["a\n\n", "a"],
      ["a\nb\n", "a b"],
      ["\t", " ".repeat(8)],
      ["1234567\tx", "1234567 x"],
      ["12345678\tx", `12345678${" ".repeat(8)}x`],
      ["a\tb\tc", `a${" ".repeat(7)}b${" ".repeat(7)}c`],
      [`a${"\x00".repeat(64)}b`, "ab"],
      [`a${"\x00".repeat(65)}b`, "a…b"],
      // Two bytes each, and three.
      [`a${"\x80".repeat(32)}b`, "ab"],
      [`a${"\x80".repeat(33)}b`, "a…b"],
      [`a${"\u202e".repeat(21)}b`, "ab"],
      [`a${"\u202e".repeat(22)}b`, "a…b"],
    ] as const
  ) assertEquals(printable(line), shown, JSON.stringify(line));
  assertEquals(lastVersion("a\rb\r\r"), "b");
  assertEquals(lastVersion(""), "");
});

Deno.test("the program's own terminal: its size, or the usual one, and its changes", () => {
  const own = Deno.consoleSize;
  try {
    for (
      const [told, size] of [
        [{ columns: 7, rows: 3 }, { columns: 7, rows: 3 }],
        [{ columns: 1, rows: 1 }, { columns: 1, rows: 1 }],
        [{ columns: 0, rows: 3 }, { columns: 80, rows: 24 }],
        [{ columns: 7, rows: 0 }, { columns: 80, rows: 24 }],
      ]
    ) {
      Deno.consoleSize = () => told!;
      assertEquals(ownTerminal.size(), size);
    }
    Deno.consoleSize = () => {
      throw new Error("none");
    };
    assertEquals(ownTerminal.size(), { columns: 80, rows: 24 });
  } finally {
    Deno.consoleSize = own;
  }
});

Deno.test("the program's own terminal tells its changes until it is no longer asked", async () => {
  // A listener alone keeps no program from its end.
  const alive = setInterval(() => {}, 1000);
  let changes = 0;
  let heard = () => {};
  const unwatch = ownTerminal.watch!(() => {
    changes++;
    heard();
  });
  const first = new Promise<void>((resolve) => heard = resolve);
  Deno.kill(Deno.pid, "SIGWINCH");
  await first;
  unwatch();
  const other = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGWINCH", other.resolve);
  Deno.kill(Deno.pid, "SIGWINCH");
  await other.promise;
  Deno.removeSignalListener("SIGWINCH", other.resolve);
  clearInterval(alive);
  assertEquals(changes, 1);
});

Deno.test("ByteBuffer joins whatever is put into it, in whatever pieces", () => {
  const random = new Random(5);
  for (let round = 0; round < 40; round++) {
    const buffer = new ByteBuffer();
    let expected: number[] = [];
    for (let at = 0; at < 30; at++) {
      const kind = random.below(7);
      const length = random.below(120);
      const bytes = random.bytes(length);
      if (kind === 0) {
        buffer.newline();
        expected.push(10);
      } else if (kind === 1) {
        const text = "é€😀x".repeat(length);
        buffer.text(text);
        expected.push(...new TextEncoder().encode(text));
      } else if (kind === 2) {
        buffer.ascii("abc".repeat(length));
        expected.push(...new TextEncoder().encode("abc".repeat(length)));
      } else if (kind === 3) {
        buffer.bytes(bytes);
        expected.push(...bytes);
      } else if (kind === 4) {
        const [from, to] = [random.below(length), length];
        buffer.bytes(bytes, from, to - random.below(to - from));
        expected.push(...bytes.slice(from));
        expected.length = buffer.length;
      } else if (kind === 5 && at % 3 === 0) {
        const taken = buffer.take();
        assertEquals(taken.join(), expected.join());
        const given = expected.join();
        expected = [];
        // What was taken is a copy.
        buffer.text("other");
        assertEquals(taken.join(), given);
        buffer.clear();
      } else if (at % 20 === 0) {
        buffer.release();
        expected = [];
      }
      assertEquals(buffer.length, expected.length);
      assertEquals(buffer.view().join(), expected.join());
    }
  }
});
