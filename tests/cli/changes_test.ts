import { Changes } from "../../lib/cli/changes.ts";
import { assertEquals } from "../support/assert.ts";

/** Paths of files that changed. */
function paths(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${at}`);
}

/** Whether it fulfils; longer than it waits for more, it is not waited for. */
function isOver(promise: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 400);
    promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

Deno.test("Changes: up to fifty files may all be logs, more are none", async () => {
  for (
    const [count, isNews] of [[1, false], [50, false], [51, true]] as const
  ) {
    const changes = new Changes();
    const asked: string[] = [];
    changes.isLog = (path) => {
      asked.push(path);
      return Promise.resolve(true);
    };
    const next = changes.next();
    changes.add(paths(count));
    assertEquals(await isOver(next), isNews, `${count}`);
    assertEquals(asked.length, isNews ? 0 : count);
    changes.end();
    await next;
  }
});

Deno.test("Changes: one file that is no log is news, whichever it is", async () => {
  for (const other of ["0", "4"]) {
    const changes = new Changes();
    changes.isLog = (path) => Promise.resolve(path !== other);
    const next = changes.next();
    changes.add(paths(5));
    assertEquals(await isOver(next), true);
  }
});

Deno.test("Changes: what is not told otherwise matters, and is no log", async () => {
  const changes = new Changes();
  const next = changes.next();
  assertEquals(await isOver(next), false);
  changes.add([]);
  assertEquals(await isOver(next), false);
  changes.add(["a"]);
  assertEquals(await isOver(next), true);
});

Deno.test("Changes: what came before is news at once, unless it was cleared", async () => {
  const changes = new Changes();
  changes.add(["a"]);
  assertEquals(await isOver(changes.next()), true);
  changes.add(["a"]);
  changes.clear();
  const next = changes.next();
  assertEquals(await isOver(next), false);
  changes.end();
  assertEquals(await isOver(next), true);
  // Nothing comes any more.
  assertEquals(await isOver(changes.next()), true);
});

Deno.test("Changes: it waits until it is quiet, but not for ever", async () => {
  const changes = new Changes();
  const next = changes.next();
  let writes = 0;
  const writing = setInterval(() => changes.add([`${writes++}`]), 20);
  const begin = performance.now();
  try {
    await next;
  } finally {
    clearInterval(writing);
  }
  const took = performance.now() - begin;
  assertEquals([took > 1500, writes > 5], [true, true], `${took}`);
});
