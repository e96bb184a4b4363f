import { cutText, cutToEnd } from "../lib/cut_text.ts";
import { assertEquals } from "./support/assert.ts";

Deno.test("a text is cut at either end, and no character of two units in half", () => {
  const begins: [text: string, most: number, begin: string][] = [
    ["abc", 3, "abc"],
    ["abcd", 3, "abc"],
    ["ab😀", 4, "ab😀"],
    ["ab😀", 3, "ab"],
    ["ab😀c", 4, "ab😀"],
    ["ab", 0, ""],
  ];
  for (const [text, most, begin] of begins) {
    assertEquals(cutText(text, most), begin, text);
  }
  const ends: [text: string, most: number, end: string][] = [
    ["abc", 3, "abc"],
    ["abcd", 3, "bcd"],
    ["😀ab", 4, "😀ab"],
    ["😀ab", 3, "ab"],
    ["c😀ab", 4, "😀ab"],
    ["ab", 0, ""],
  ];
  for (const [text, most, end] of ends) {
    assertEquals(cutToEnd(text, most), end, text);
  }
});
