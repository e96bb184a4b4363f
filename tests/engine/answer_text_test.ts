import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { answerText, MAX_ANSWER_BYTES } from "../../lib/engine/answer_text.ts";
import { ProtocolError } from "../../lib/errors.ts";

/** An answer of these chunks, that tells whether it was given back. */
function answer(chunks: readonly Uint8Array<ArrayBuffer>[]) {
  const left = [...chunks];
  let cancelled = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const chunk = left.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel() {
      cancelled = true;
    },
  }, { highWaterMark: 0 });
  return { response: new Response(body), isCancelled: () => cancelled };
}

Deno.test("answerText() reads an answer of just its bound, and none of a byte more", async () => {
  assertEquals(MAX_ANSWER_BYTES, 134_217_728);
  const chunk = new TextEncoder().encode("1234567890");
  const whole = answer([chunk, chunk]);
  assertEquals(
    await answerText(whole.response, "It", 20),
    "12345678901234567890",
  );
  assert(!whole.isCancelled());
  const long = answer([chunk, chunk, chunk.subarray(0, 1), chunk]);
  await assertRejects(
    () => answerText(long.response, "It", 20),
    ProtocolError,
    "It is longer than 20 bytes: is something between",
  );
  assert(long.isCancelled());
});

Deno.test("answerText() puts characters together, wherever they are cut", async () => {
  const bytes = new TextEncoder().encode("ä€😀");
  const single = [...bytes].map((byte) => Uint8Array.of(byte));
  assertEquals(await answerText(answer(single).response, "It"), "ä€😀");
  const cut = answer(single.slice(0, -1));
  assertEquals(await answerText(cut.response, "It"), "ä€\ufffd");
  assertEquals(await answerText(new Response(null), "It"), "");
});
