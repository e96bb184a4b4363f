import { assertEquals, assertRejects } from "../support/assert.ts";
import { fanOut } from "../../lib/streams/fan_out.ts";

/** A stream of numbers that tells what was taken of it. */
function numbers(count: number, error?: Error) {
  const seen = { pulled: 0, cancelled: undefined as unknown };
  const stream = new ReadableStream<number>({
    pull(controller) {
      if (seen.pulled < count) controller.enqueue(seen.pulled++);
      else if (error === undefined) controller.close();
      else controller.error(error);
    },
    cancel(reason) {
      seen.cancelled = reason;
    },
  }, { highWaterMark: 0 });
  return { stream, seen };
}

Deno.test("fanOut() gives each reader all pieces, and none gets ahead of the others", async () => {
  const { stream, seen } = numbers(3);
  const [one, two] = fanOut(stream, 2).map((copy) => copy.getReader());
  const first = one!.read();
  await Promise.resolve();
  assertEquals(seen.pulled, 0, "read before all wanted it");
  assertEquals(
    (await Promise.all([first, two!.read()])).map(({ value }) => value),
    [0, 0],
  );
  const ahead = one!.read();
  let isThere = false;
  void ahead.then(() => isThere = true);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([isThere, seen.pulled], [false, 1]);
  assertEquals((await two!.read()).value, 1);
  assertEquals((await ahead).value, 1);
  const rest = async (reader: ReadableStreamDefaultReader<number>) => {
    const values = [];
    for (
      let next = await reader.read();
      !next.done;
      next = await reader.read()
    ) {
      values.push(next.value);
    }
    return values;
  };
  assertEquals(await Promise.all([rest(one!), rest(two!)]), [[2], [2]]);
  assertEquals(seen.cancelled, undefined);
});

Deno.test("fanOut() does not wait for a reader that has gone, and ends the stream with the last one", async () => {
  const { stream, seen } = numbers(5);
  const [one, two] = fanOut(stream, 2).map((copy) => copy.getReader());
  const waiting = one!.read();
  await two!.cancel("enough");
  assertEquals((await waiting).value, 0);
  assertEquals((await one!.read()).value, 1);
  assertEquals(seen.cancelled, undefined);
  await one!.cancel("me, too");
  assertEquals(seen.cancelled, "me, too");
});

Deno.test("fanOut() tells every reader of an error", async () => {
  const fault = new Error("broken");
  const copies = fanOut(numbers(1, fault).stream, 3);
  const outcomes = copies.map((copy) => Array.fromAsync(copy));
  for (const outcome of outcomes) {
    assertEquals(await assertRejects(() => outcome), fault);
  }
});
