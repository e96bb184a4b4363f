import { contentText } from "../../lib/buildkit/content_text.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

async function* parts(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) {
    await Promise.resolve();
    yield new Uint8Array(size).fill(0x61);
  }
}

Deno.test("contentText() joins parts, also within a character, up to its limit", async () => {
  const limits = { what: "It", maxBytes: 5 };
  assertEquals(await contentText(parts(), limits), "");
  assertEquals(await contentText(parts(2, 0, 3), limits), "aaaaa");
  const bytes = new TextEncoder().encode("ä€");
  const cut = async function* () {
    await Promise.resolve();
    for (const byte of bytes) yield Uint8Array.of(byte);
  };
  assertEquals(await contentText(cut(), limits), "ä€");
  for (const sizes of [[6], [2, 4], [5, 1]]) {
    const error = await assertRejects(
      () => contentText(parts(...sizes), limits),
      ProtocolError,
    );
    assertEquals(error.message, "It has more than 5 bytes");
  }
});
