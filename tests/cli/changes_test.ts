import { Changes } from "../../lib/cli/changes.ts";
import { assertEquals } from "../support/assert.ts";
import { StandingClock } from "../support/standing_clock.ts";

/** How long nothing may change before it is told, in milliseconds. */
const QUIET_MS = 100;

/** Paths of files that changed. */
function paths(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${at}`);
}

/** Tells whether a wait for changes is over. */
function waiting(changes: Changes): { isOver: boolean } {
  const wait = { isOver: false };
  changes.next().then(() => wait.isOver = true);
  return wait;
}

Deno.test("Changes: up to fifty files may all be logs, more are none", async () => {
  using clock = new StandingClock();
  for (
    const [count, isNews] of [[1, false], [50, false], [51, true], [60, true]]
  ) {
    const changes = new Changes();
    const asked: string[] = [];
    changes.isLog = (path) => {
      asked.push(path);
      return Promise.resolve(true);
    };
    const next = waiting(changes);
    changes.add(paths(count as number));
    await clock.pass(QUIET_MS);
    assertEquals(next.isOver, isNews, `${count}`);
    assertEquals(asked.length, isNews ? 0 : count);
    changes.end();
    await clock.settle();
    assertEquals([next.isOver, clock.waits], [true, []]);
  }
});

Deno.test("Changes: one file that is no log is news, whichever it is", async () => {
  using clock = new StandingClock();
  for (const other of ["0", "4"]) {
    const changes = new Changes();
    changes.isLog = (path) => Promise.resolve(path !== other);
    const next = waiting(changes);
    changes.add(paths(5));
    await clock.pass(QUIET_MS);
    assertEquals(next.isOver, true);
  }
});

Deno.test("Changes: behind a log of its own it waits for the next change", async () => {
  using clock = new StandingClock();
  const changes = new Changes();
  changes.isLog = (path) => Promise.resolve(path === "log");
  const next = waiting(changes);
  changes.add(["log"]);
  await clock.pass(10 * QUIET_MS);
  assertEquals([next.isOver, clock.waits], [false, []]);
  changes.add(["log"]);
  changes.add(["a"]);
  await clock.pass(QUIET_MS);
  assertEquals(next.isOver, true);
});

Deno.test("Changes: what is not told otherwise matters, and is no log", async () => {
  using clock = new StandingClock();
  const changes = new Changes();
  const next = waiting(changes);
  await clock.pass(10 * QUIET_MS);
  assertEquals(next.isOver, false);
  changes.add([]);
  await clock.pass(10 * QUIET_MS);
  assertEquals([next.isOver, clock.waits], [false, []]);
  changes.add(["a"]);
  await clock.pass(QUIET_MS);
  assertEquals(next.isOver, true);
});

Deno.test("Changes: what does not matter is none", async () => {
  using clock = new StandingClock();
  const changes = new Changes();
  changes.matters = (path) => path !== "ignored";
  const next = waiting(changes);
  changes.add(["ignored"]);
  await clock.pass(10 * QUIET_MS);
  assertEquals(next.isOver, false);
  changes.isLog = (path) => {
    assertEquals(path, "a");
    return Promise.resolve(false);
  };
  changes.add(["ignored", "a"]);
  await clock.pass(QUIET_MS);
  assertEquals(next.isOver, true);
});

Deno.test("Changes: what came before is news, unless it was cleared", async () => {
  using clock = new StandingClock();
  const changes = new Changes();
  changes.add(["a"]);
  const first = waiting(changes);
  await clock.pass(QUIET_MS);
  assertEquals(first.isOver, true);
  changes.add(["a"]);
  changes.clear();
  const next = waiting(changes);
  await clock.pass(10 * QUIET_MS);
  assertEquals(next.isOver, false);
  changes.end();
  await clock.settle();
  assertEquals(next.isOver, true);
  // Nothing comes any more.
  const last = waiting(changes);
  await clock.settle();
  assertEquals([last.isOver, clock.waits], [true, []]);
});

Deno.test("Changes: several in a row are one, told as soon as it is quiet", async () => {
  using clock = new StandingClock();
  const changes = new Changes();
  const next = waiting(changes);
  for (let count = 0; count < 10; count++) {
    changes.add(["a"]);
    await clock.pass(QUIET_MS - 1);
    assertEquals(next.isOver, false);
  }
  await clock.pass(1);
  assertEquals(next.isOver, true);
  const after = waiting(changes);
  await clock.pass(10 * QUIET_MS);
  assertEquals(after.isOver, false);
  changes.end();
});

Deno.test("Changes: what does not matter makes none wait longer", async () => {
  using clock = new StandingClock();
  const changes = new Changes();
  changes.matters = (path) => path !== "ignored";
  const next = waiting(changes);
  changes.add(["a"]);
  await clock.pass(QUIET_MS - 1);
  changes.add(["ignored"]);
  await clock.pass(1);
  assertEquals(next.isOver, true);
});

Deno.test("Changes: where it is never quiet, they are told two seconds behind the first", async () => {
  using clock = new StandingClock();
  const changes = new Changes();
  const next = waiting(changes);
  const told: number[] = [];
  for (let time = 0; time <= 3000 && !next.isOver; time += 20) {
    changes.add([`${time}`]);
    await clock.pass(20);
    told.push(time);
  }
  assertEquals(told.at(-1), 2000);
});

Deno.test("Changes: what ends while it is not quiet is not waited for", async () => {
  using clock = new StandingClock();
  const changes = new Changes();
  const next = waiting(changes);
  changes.add(["a"]);
  await clock.pass(QUIET_MS / 2);
  changes.end();
  await clock.settle();
  assertEquals([next.isOver, clock.waits], [true, []]);
});
