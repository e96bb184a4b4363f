import { turn } from "../../lib/streams/turn.ts";
import { replaced } from "../exporter/scratch.ts";
import { assert, assertEquals } from "../support/assert.ts";

/** Works for some milliseconds, as a slice of something long. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

Deno.test("work that goes on lets timers run, also where no turn of it waits for another thread", async () => {
  // On a busy machine that is often so: the other thread is done at once.
  let digests = 0;
  using _ = replaced(crypto.subtle, "digest", () => () => {
    digests++;
    return Promise.resolve(new ArrayBuffer(20));
  });
  let ran = 0;
  const timer = setInterval(() => ran++, 1);
  let turns = 0;
  for (const end = performance.now() + 20_000; ran === 0; turns++) {
    assert(performance.now() < end, "no timer ran");
    work(4);
    await turn();
  }
  clearInterval(timer);
  // A timer takes a hundred times as long, and is for what goes on.
  assertEquals(turns - digests, 1);
});

Deno.test("work with long gaps between its turns waits for no timer", async () => {
  let digests = 0;
  using _ = replaced(crypto.subtle, "digest", (digest) => (...given) => {
    digests++;
    return digest.apply(crypto.subtle, given);
  });
  for (let count = 0; count < 3; count++) {
    work(300);
    await turn();
  }
  assertEquals(digests, 3);
});
