import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { Broadcast } from "../../lib/streams/broadcast.ts";

function numbers(maxSize: number, patienceMs = 20): Broadcast<number | string> {
  return new Broadcast<number | string>({
    maxSize,
    sizeOf: () => 1,
    patienceMs,
    lost: (count) => `${count} lost`,
  });
}

Deno.test("Broadcast gives everything to every reader, early and late", async () => {
  const broadcast = numbers(100);
  const early = Array.fromAsync(broadcast.read());
  for (let i = 0; i < 50; i++) await broadcast.write(i);
  const middle = Array.fromAsync(broadcast.read());
  for (let i = 50; i < 100; i++) await broadcast.write(i);
  broadcast.close();
  const expected = Array.from({ length: 100 }, (_, i) => i);
  assertEquals(await early, expected);
  assertEquals(await middle, expected);
  assertEquals(await Array.fromAsync(broadcast.read()), expected);
});

Deno.test("Broadcast ends its readers with the error that closed it", async () => {
  const broadcast = numbers(10);
  const error = new Error("the end");
  broadcast.write(1);
  const early = Array.fromAsync(broadcast.read());
  broadcast.close({ error });
  assert(await early.catch((caught) => caught) === error);
  await assertRejects(
    () => Array.fromAsync(broadcast.read()),
    Error,
    "the end",
  );
});

Deno.test("Broadcast without readers never waits and keeps the newest", async () => {
  const broadcast = numbers(10);
  for (let i = 0; i < 5000; i++) assertEquals(broadcast.write(i), undefined);
  broadcast.close();
  const late = await Array.fromAsync(broadcast.read());
  assertEquals(late, [
    "4990 lost",
    ...Array.from({ length: 10 }, (_, i) => 4990 + i),
  ]);
});

Deno.test("Broadcast waits for a slow reader that moves: it loses nothing", async () => {
  const broadcast = numbers(10, 1000);
  const slow = (async () => {
    const seen: (number | string)[] = [];
    for await (const item of broadcast.read()) {
      seen.push(item);
      if (seen.length % 7 === 0) {
        await new Promise((done) => setTimeout(done, 1));
      }
    }
    return seen;
  })();
  let waits = 0;
  for (let i = 0; i < 300; i++) {
    const wait = broadcast.write(i);
    if (wait !== undefined) waits++;
    await wait;
  }
  broadcast.close();
  assertEquals(await slow, Array.from({ length: 300 }, (_, i) => i));
  assert(waits > 0, "the writer never waited");
});

Deno.test("Broadcast waits once for a reader that stands still, then goes on without it", async () => {
  const broadcast = numbers(10, 30);
  const standing = broadcast.read();
  await Promise.all([standing.next(), broadcast.write(0)]);
  let waits = 0;
  for (let i = 1; i < 1000; i++) {
    const wait = broadcast.write(i);
    if (wait !== undefined) waits++;
    await wait;
  }
  assertEquals(waits, 1);
  assertEquals((await standing.next()).value, "989 lost");
  assertEquals((await standing.next()).value, 990);
  // It catches up, and counts again.
  const rest = Array.fromAsync(standing);
  await new Promise((done) => setTimeout(done, 1));
  broadcast.close();
  assertEquals((await rest).length, 9);
});

Deno.test("Broadcast does not wait for a reader that left", async () => {
  const broadcast = numbers(5, 10_000);
  for await (const _ of withFirst(broadcast)) break;
  for (let i = 0; i < 100; i++) assertEquals(broadcast.write(i), undefined);
});

Deno.test("Broadcast waits for a reader no longer because another one moves", async () => {
  const broadcast = numbers(20, 60);
  const [standing, moving] = [broadcast.read(), broadcast.read()];
  await Promise.all([standing.next(), moving.next(), broadcast.write(0)]);
  for (let i = 1; i <= 20; i++) assertEquals(broadcast.write(i), undefined);
  let over = false;
  const wait = broadcast.write(21)?.then(() => over = true);
  assert(wait !== undefined, "nobody is in the way");
  let moves = 0;
  while (!over && moves < 19) {
    await new Promise((done) => setTimeout(done, 20));
    await moving.next();
    moves++;
  }
  assert(over, "the writer waited as long as the other reader moved");
  assertEquals((await standing.next()).value, "1 lost");
});

async function* withFirst(
  broadcast: Broadcast<number | string>,
): AsyncGenerator<number | string> {
  broadcast.write(0);
  yield* broadcast.read();
}
