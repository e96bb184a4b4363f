import { Broadcast } from "../../lib/streams/broadcast.ts";
import { turn } from "../../lib/streams/turn.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Random } from "../support/random.ts";

function lengths(
  maxSize: number,
  patienceMs = 1000,
  onRead?: () => void,
): Broadcast<string> {
  return new Broadcast<string>({
    maxSize,
    sizeOf: (item) => item.length,
    patienceMs,
    lost: (count) => `${count} lost`,
    ...(onRead === undefined ? {} : { onRead }),
  });
}

/** Time that stands still but for what a test lets go by. */
async function withClock(
  use: (pass: (ms: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  const { now } = performance;
  const { setTimeout, clearTimeout } = globalThis;
  let time = 1000;
  let next = 1;
  const timers = new Map<number, { at: number; run: () => void }>();
  performance.now = () => time;
  Object.assign(globalThis, {
    setTimeout: (run: () => void, ms: number) => {
      timers.set(next, { at: time + ms, run });
      return next++;
    },
    clearTimeout: (id: number) => void timers.delete(id),
  });
  try {
    await use(async (ms) => {
      time += ms;
      for (const [id, { at, run }] of [...timers]) {
        if (at > time) continue;
        timers.delete(id);
        run();
      }
      for (let count = 0; count < 5; count++) await turn();
    });
    assertEquals(timers.size, 0, "a timer is left");
  } finally {
    performance.now = now;
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
}

Deno.test("Broadcast keeps the newest up to its size, and the newest of all in any case", async () => {
  for (
    const [items, kept] of [
      [["aa", "bb", "c"], ["aa", "bb", "c"]],
      [["aa", "bb", "cc"], ["1 lost", "bb", "cc"]],
      [["aa", "bbb", "ccc"], ["2 lost", "ccc"]],
      [["a", "bbbbbbbbb"], ["1 lost", "bbbbbbbbb"]],
      [["bbbbbbbbb"], ["bbbbbbbbb"]],
      [["bbbbbbbbb", "a"], ["1 lost", "a"]],
      [[], []],
    ] as const
  ) {
    const broadcast = lengths(5);
    for (const item of items) assertEquals(broadcast.write(item), undefined);
    broadcast.close();
    assertEquals(broadcast.write("late"), undefined);
    assertEquals(await Array.fromAsync(broadcast.read()), [...kept]);
  }
});

Deno.test("Broadcast waits for a reader that begins behind, as for any other", async () => {
  const broadcast = lengths(2, 60_000);
  for (const item of ["a", "b"]) broadcast.write(item);
  const reader = broadcast.read();
  assertEquals((await reader.next()).value, "a");
  // It has read the oldest, which makes room for one more.
  assertEquals(broadcast.write("c"), undefined);
  const waiting = broadcast.write("d");
  assert(waiting instanceof Promise);
  const rest: unknown[] = [];
  for (let count = 0; count < 3; count++) {
    rest.push((await reader.next()).value);
  }
  await waiting;
  assertEquals(rest, ["b", "c", "d"]);
  await reader.return();
});

Deno.test("Broadcast is closed once, and tells of each reader that begins", async () => {
  let reads = 0;
  const broadcast = lengths(5, 1000, () => reads++);
  const first = new Error("first");
  broadcast.close({ error: first });
  broadcast.close({ error: new Error("second") });
  for (let count = 0; count < 2; count++) {
    assertEquals(
      await Array.fromAsync(broadcast.read()).catch((error) => error),
      first,
    );
  }
  assertEquals(reads, 2);
  // An error may be undefined, and is one all the same.
  const odd = lengths(5);
  odd.close({ error: undefined });
  assertEquals(
    await Array.fromAsync(odd.read()).then(() => "ended", () => "thrown"),
    "thrown",
  );
});

Deno.test("Broadcast waits for a reader that stands still exactly as long as it has patience", async () => {
  await withClock(async (pass) => {
    const broadcast = lengths(2, 100);
    const reader = broadcast.read();
    const reading = reader.next();
    assertEquals(broadcast.write("a"), undefined);
    assertEquals((await reading).value, "a");
    assertEquals(broadcast.write("b"), undefined);
    assertEquals(broadcast.write("c"), undefined);
    let settled = false;
    const wait = broadcast.write("d");
    assert(wait !== undefined);
    wait.then(() => settled = true);
    await pass(99);
    assert(!settled);
    await pass(1);
    assert(settled);
    // It lags from now on, and nobody waits for it.
    assertEquals(broadcast.write("e"), undefined);
    assertEquals((await reader.next()).value, "2 lost");
    assertEquals((await reader.next()).value, "d");
    assertEquals(broadcast.write("f"), undefined);
    assertEquals(broadcast.write("g"), undefined);
    assertEquals((await reader.next()).value, "1 lost");
    assertEquals((await reader.next()).value, "f");
    assertEquals((await reader.next()).value, "g");
    // When it has caught up, it counts again.
    const next = reader.next();
    await turn();
    assertEquals(broadcast.write("h"), undefined);
    assertEquals((await next).value, "h");
    assertEquals(broadcast.write("i"), undefined);
    assertEquals(broadcast.write("j"), undefined);
    const again = broadcast.write("k");
    assert(again !== undefined);
    assertEquals((await reader.next()).value, "i");
    await again;
    await reader.return();
    assertEquals(broadcast.write("l"), undefined);
  });
});

Deno.test("Broadcast has patience anew with a reader that moves, and none with one that does not", async () => {
  await withClock(async (pass) => {
    const broadcast = lengths(3, 100);
    const [moving, standing] = [broadcast.read(), broadcast.read()];
    const first = [moving.next(), standing.next()];
    broadcast.write("a");
    await Promise.all(first);
    for (const item of ["b", "c", "d"]) broadcast.write(item);
    let settled = false;
    const wait = broadcast.write("e")!;
    wait.then(() => settled = true);
    await pass(60);
    assertEquals((await moving.next()).value, "b");
    await pass(39);
    assert(!settled);
    await pass(1);
    assert(settled, "the other one has not moved for 100 ms");
    const second = broadcast.write("f");
    // The one that moves is waited for again, since now.
    let again = false;
    second!.then(() => again = true);
    await pass(99);
    assert(!again);
    assertEquals((await moving.next()).value, "c");
    await second;
    assertEquals((await standing.next()).value, "2 lost");
    broadcast.close();
    assertEquals(await Array.fromAsync(moving), ["d", "e", "f"]);
    assertEquals(await Array.fromAsync(standing), ["d", "e", "f"]);
  });
});

Deno.test("Broadcast has patience with a reader that stands still, but was never in the way", async () => {
  await withClock(async (pass) => {
    const broadcast = lengths(4, 100);
    const [far, near] = [broadcast.read(), broadcast.read()];
    const first = [far.next(), near.next()];
    broadcast.write("a");
    await Promise.all(first);
    for (const item of ["b", "c", "d", "e"]) broadcast.write(item);
    for (const item of ["b", "c"]) {
      assertEquals((await near.next()).value, item);
    }
    let settled = false;
    broadcast.write("f")!.then(() => settled = true);
    await pass(100);
    assert(settled);
    assertEquals(broadcast.write("g"), undefined);
    const wait = broadcast.write("h");
    assert(wait !== undefined, "the near one is in the way now");
    assertEquals((await near.next()).value, "d");
    await wait;
    broadcast.close();
    assertEquals(await Array.fromAsync(near), ["e", "f", "g", "h"]);
    assertEquals(await Array.fromAsync(far), ["3 lost", "e", "f", "g", "h"]);
  });
});

Deno.test("Broadcast lets a writer go that waits when it is closed, or its reader leaves", async () => {
  for (const end of ["close", "return"] as const) {
    await withClock(async (pass) => {
      const broadcast = lengths(1, 100);
      const reader = broadcast.read();
      const reading = reader.next();
      broadcast.write("a");
      await reading;
      broadcast.write("b");
      let settled = false;
      const wait = broadcast.write("c")!;
      wait.then(() => settled = true);
      await pass(50);
      assert(!settled);
      if (end === "close") broadcast.close();
      else await reader.return();
      await pass(0);
      assert(settled, end);
    });
  }
});

Deno.test("Broadcast gives each of many readers the end of what was written, whatever happened before", async () => {
  const random = new Random(8);
  for (let round = 0; round < 30; round++) {
    const broadcast = lengths(1 + random.below(20), 1);
    const written: string[] = [];
    const readers: Promise<string[]>[] = [];
    for (let count = 0; count < 3000; count++) {
      if (random.below(600) === 0) {
        readers.push(Array.fromAsync(broadcast.read()));
      }
      const item = `${"x".repeat(random.below(4))}${count}`;
      written.push(item);
      const wait = broadcast.write(item);
      if (wait !== undefined) await wait;
    }
    readers.push(Array.fromAsync(broadcast.read()));
    broadcast.close();
    for (const reading of readers) {
      const items = await reading;
      let at = 0;
      for (const item of items) {
        const lost = /^(\d+) lost$/.exec(item);
        if (lost !== null) at += Number(lost[1]);
        else assertEquals(item, written[at++]);
      }
      assertEquals(at, written.length);
    }
  }
});
