import { contextError, packingError } from "../../lib/context/context_error.ts";
import { ContextFilter } from "../../lib/context/filter.ts";
import { parseIgnoreFile } from "../../lib/context/ignore_file.ts";
import { ContextError } from "../../lib/errors.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("packingError() words a build's error for a program that only packs, and no other", () => {
  const cause = new Error("the disk is gone");
  for (const options of [{}, { cause }]) {
    const error = contextError("a can't be read", options);
    assertEquals(error.message, "Cannot build: a can't be read");
    const packing = packingError(error);
    assert(packing instanceof ContextError && packing !== error);
    assertEquals(packing.message, "Cannot pack: a can't be read");
    assertEquals(packing.cause, "cause" in options ? cause : undefined);
    assertEquals("cause" in packing, "cause" in options);
  }
  for (
    const other of [new ContextError("of a caller"), cause, undefined, "text"]
  ) assert(packingError(other) === other);
});

Deno.test("ContextFilter.keeps() applies the patterns to all folders above a path", () => {
  const filter = new ContextFilter({ exclude: ["a/b", "!a/b/keep", "*.log"] });
  for (
    const [path, isKept] of [
      ["a", true],
      ["a/c", true],
      ["a/b", false],
      ["a/b/c", false],
      ["a/b/c/d", false],
      ["a/b/keep", true],
      ["a/b/keep/more", true],
      ["x.log", false],
      ["x.log/y", false],
      ["y/x.log", true],
    ] as const
  ) assertEquals([path, filter.keeps(path)], [path, isKept]);
});

Deno.test("parseIgnoreFile() reads a first line that is empty, and a last one without an end", () => {
  const read = (text: string) =>
    parseIgnoreFile(new TextEncoder().encode(text));
  assertEquals(read("\na\nb"), ["a", "b"]);
  assertEquals(read("a\n\n\nb\n"), ["a", "b"]);
  assertEquals(read("\n"), []);
  assertEquals(read(""), []);
});
