import { splitWords } from "../../lib/buildx/words.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("flags are split into words as a shell does, and nothing is expanded", () => {
  for (
    const [text, words] of [
      ["", []],
      ["  ", []],
      ["--debug --x=y", ["--debug", "--x=y"]],
      [" a\tb\nc ", ["a", "b", "c"]],
      [`--debug '--x y' "z"`, ["--debug", "--x y", "z"]],
      [`a'b c'd"e f"`, ["ab cde f"]],
      [`''`, [""]],
      [`a '' b`, ["a", "", "b"]],
      [String.raw`a\ b \'c`, ["a b", "'c"]],
      [String.raw`"a\"b" 'c\d'`, [`a"b`, String.raw`c\d`]],
      ["a # b\nc", ["a", "c"]],
      ["a#b", ["a#b"]],
      ["$A *", ["$A", "*"]],
      ["# all", []],
    ] as const
  ) {
    assertEquals([text, splitWords(text)], [text, [...words]]);
  }
  for (const text of [`'a`, `"a`, String.raw`"a\"`, "a\\"]) {
    assertEquals([text, splitWords(text)], [text, undefined]);
  }
});
