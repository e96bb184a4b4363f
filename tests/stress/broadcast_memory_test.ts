import { assert } from "../support/assert.ts";
import { Broadcast } from "../../lib/streams/broadcast.ts";

Deno.test("Broadcast takes no more memory for what it gave away long ago", async () => {
  const broadcast = new Broadcast<number | string>({
    maxSize: 10,
    sizeOf: () => 1,
    patienceMs: 1000,
    lost: (count) => `${count} lost`,
  });
  const before = Deno.memoryUsage().heapUsed;
  // With a slot kept for each, it would be 80 MB or more.
  for (let i = 0; i < 10_000_000; i++) broadcast.write(i);
  const grown = Deno.memoryUsage().heapUsed - before;
  assert(grown < 40_000_000, `${grown} bytes`);
  broadcast.close();
  const kept = await Array.fromAsync(broadcast.read());
  assert(kept.length === 11, `${kept.length}`);
});
