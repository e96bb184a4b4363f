/** How long a test waits for what must come; generous, for machines that are busy. */
const DEADLINE_MS = 20_000;

/** Between two looks. */
const INTERVAL_MS = 5;

/**
 * Waits until `condition` gives something, and hands it on.
 *
 * @param what What is waited for, as a sentence that is false now.
 * @throws {Error} If it has not come by the deadline.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  deadlineMs: number = DEADLINE_MS,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + deadlineMs;
  while (true) {
    // Asked once more behind the deadline: the machine may have slept over it.
    const late = Date.now() > deadline;
    const value = await condition();
    if (value) return value;
    if (late) throw new Error(`Not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

/**
 * Waits until `count` has stayed the same for twenty looks, and gives it: for
 * what must come to rest by itself. It is told of each look, so that what does
 * not rest can be found out there.
 */
export async function untilQuiet(
  count: () => number | Promise<number>,
  seen: (count: number) => void,
): Promise<number> {
  let last = NaN;
  for (let same = 0; same < 20;) {
    const now = await count();
    seen(now);
    same = now === last ? same + 1 : 0;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
  return last;
}

/**
 * Holds `work` to a time that users are promised. It gives the milliseconds
 * that counted, and is tried three times: a busy machine misses now and then,
 * what is slow misses always.
 */
export async function withinMs(
  limitMs: number,
  work: () => Promise<number>,
): Promise<void> {
  const tries: number[] = [];
  while (tries.length < 3) {
    const took = await work();
    if (took < limitMs) return;
    tries.push(Math.round(took));
  }
  throw new Error(`Took ${tries.join(", ")} ms each time, not ${limitMs} ms`);
}

/**
 * Waits until a file that is changed gets another time of its change than one
 * that was changed before: Deno tells it in seconds. The clock of a file system
 * may be some milliseconds behind.
 */
export async function nextSecond(): Promise<void> {
  const second = (behindMs: number) =>
    Math.floor((Date.now() - behindMs) / 1000);
  const now = second(0);
  await until(() => second(20) > now, "the next second");
}
