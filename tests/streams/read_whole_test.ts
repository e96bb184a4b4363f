import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { readBytes, readText } from "../../lib/streams/read_whole.ts";

const tooLong = new RangeError("too long");

Deno.test("readBytes() and readText() take as many bytes as are allowed, and not one more", async () => {
  const chunks = ["a\u20ac".slice(0, 1), "\u20ac"].map((text) =>
    new TextEncoder().encode(text)
  );
  const split = [...chunks[1]!].map((byte) => Uint8Array.of(byte));
  const pieces = [chunks[0]!, ...split];
  assertEquals(await readText(pieces, 4, () => tooLong), "a\u20ac");
  assertEquals(
    await readBytes(pieces, 4, () => tooLong),
    new TextEncoder().encode("a\u20ac"),
  );
  for (const read of [readBytes, readText]) {
    assertStrictEquals(
      await assertRejects(() => read(pieces, 3, () => tooLong)),
      tooLong,
    );
  }
});

Deno.test("what is too long is cancelled, and read no further", async () => {
  let pulls = 0;
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls++;
      controller.enqueue(new Uint8Array(10));
    },
    cancel() {
      cancelled = true;
    },
  }, { highWaterMark: 0 });
  await assertRejects(() => readBytes(stream, 25, () => tooLong));
  assertEquals([pulls, cancelled], [3, true]);
});
