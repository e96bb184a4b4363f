import { sha256 } from "../../lib/streams/sha256.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("the SHA-256 of bytes, and of a text, has 64 digits", async () => {
  const abc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assertEquals(await sha256("abc"), abc);
  assertEquals(await sha256(new Uint8Array([97, 98, 99])), abc);
});
