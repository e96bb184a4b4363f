import { Slots } from "../../lib/streams/slots.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

const NEVER = new AbortController().signal;

Deno.test("so many have a slot, and the others get one in their order", async () => {
  const slots = new Slots(2);
  const [one, two] = [await slots.take(NEVER), await slots.take(NEVER)];
  const told: string[] = [];
  const take = (name: string) =>
    slots.take(NEVER).then((slot) => {
      told.push(name);
      return slot;
    });
  const [three, four] = [take("three"), take("four")];
  await Promise.resolve();
  assertEquals(told, []);
  one[Symbol.dispose]();
  // Given back once, however often it is disposed of.
  one[Symbol.dispose]();
  const third = await three;
  assertEquals(told, ["three"]);
  two[Symbol.dispose]();
  (await four)[Symbol.dispose]();
  third[Symbol.dispose]();
  const again = [await slots.take(NEVER), await slots.take(NEVER)];
  const fifth = take("five");
  await Promise.resolve();
  assertEquals(told, ["three", "four"]);
  for (const slot of again) slot[Symbol.dispose]();
  await fifth;
});

Deno.test("who waits no longer leaves the queue, and takes nothing", async () => {
  const slots = new Slots(1);
  const held = await slots.take(NEVER);
  const over = new AbortController();
  const waiting = slots.take(over.signal);
  const next = slots.take(NEVER);
  const reason = new Error("enough");
  over.abort(reason);
  assertEquals(await waiting.catch((error) => error), reason);
  held[Symbol.dispose]();
  (await next)[Symbol.dispose]();
  await assertRejects(() => slots.take(over.signal), Error, "enough");
  // An abort behind the turn changes nothing.
  const late = new AbortController();
  const slot = await slots.take(NEVER);
  const taken = slots.take(late.signal);
  slot[Symbol.dispose]();
  const own = await taken;
  late.abort();
  own[Symbol.dispose]();
  (await slots.take(NEVER))[Symbol.dispose]();
});
