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

Deno.test("the first turn of a program waits for no timer, and loads none", async () => {
  const code = `
    for (const name of ["setTimeout", "clearTimeout"]) {
      const { get } = Object.getOwnPropertyDescriptor(globalThis, name);
      if (get === undefined) Deno.exit(0); // an older Deno has loaded them
      Object.defineProperty(globalThis, name, {
        get: () => { throw new Error("loaded"); },
      });
    }
    const { turn } = await import(${
    JSON.stringify(import.meta.resolve("../../lib/streams/turn.ts"))
  });
    await turn();`;
  const { code: exit, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
  }).output();
  assertEquals([exit, new TextDecoder().decode(stderr)], [0, ""]);
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
