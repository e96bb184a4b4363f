import { tarPadding } from "../../lib/context/tar_header.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("a file fills the last block of a tar with zeros", () => {
  assertEquals(
    [0, 1, 511, 512, 513, 2 ** 40 + 1].map((size) => tarPadding(size).length),
    [0, 511, 1, 0, 511, 511],
  );
});
