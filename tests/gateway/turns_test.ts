import { Pace } from "../../lib/gateway/pace.ts";
import { Turns } from "../../lib/gateway/turns.ts";
import { assertEquals } from "../support/assert.ts";
import { StandingClock } from "../support/standing_clock.ts";

Deno.test("a turn comes behind the one before, and a pause as long as its work, but 100 ms at most", async () => {
  for (const [work, pause] of [[30, 30], [100, 100], [101, 100], [500, 100]]) {
    using clock = new StandingClock();
    const turns = new Turns();
    const taken: string[] = [];
    const take = (name: string) => turns.take().then(() => taken.push(name));
    const all = Promise.all([take("a"), take("b"), take("c")]);
    await clock.settle();
    // The first one waits for nothing; its end is when the event loop is idle.
    assertEquals([taken, clock.waits], [["a"], [0]]);
    clock.work(work!);
    await clock.pass(0);
    assertEquals([taken, clock.waits], [["a"], [pause!]]);
    await clock.pass(pause! - 1);
    assertEquals(taken, ["a"]);
    await clock.pass(1);
    // What takes no time has no pause behind it.
    assertEquals(taken, ["a", "b", "c"]);
    await all;
    await turns.take();
    clock.work(40);
    await clock.pass(0);
    await clock.pass(39);
    const late = take("d");
    await clock.settle();
    assertEquals([taken.at(-1), clock.waits], ["c", [1]]);
    await clock.pass(1);
    assertEquals(taken.at(-1), "d");
    await late;
    await turns.take();
    clock.work(40);
    await clock.pass(0);
    await clock.pass(40);
    const last = take("e");
    await clock.settle();
    // The pause is just over.
    assertEquals([taken.at(-1), clock.waits], ["e", [0]]);
    await last;
    await clock.pass(0);
  }
});

Deno.test("as many as a second has go at once, and then each in its time", async () => {
  using clock = new StandingClock();
  const pace = new Pace(4);
  let gone = 0;
  const next = (count: number) => {
    for (let i = 0; i < count; i++) void pace.next().then(() => gone++);
    return clock.settle();
  };
  await next(6);
  assertEquals([gone, clock.waits], [4, [250, 500]]);
  await clock.pass(249);
  assertEquals(gone, 4);
  await clock.pass(1);
  assertEquals(gone, 5);
  await clock.pass(250);
  assertEquals(gone, 6);
  // Half a second makes room for two, and a minute for no more than a second.
  await clock.pass(500);
  await next(3);
  assertEquals([gone, clock.waits], [8, [250]]);
  await clock.pass(60_000);
  assertEquals(gone, 9);
  await next(5);
  assertEquals([gone, clock.waits], [13, [250]]);
  await clock.pass(250);
});
