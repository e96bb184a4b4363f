import {
  createRedactor,
  createRedactorInSlices,
} from "../../lib/redact/redactor.ts";
import { inFairSlices } from "../../lib/streams/slices.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";

Deno.test("createRedactorInSlices() masks what createRedactor() masks", async () => {
  const values = [
    new TextEncoder().encode("a short secret"),
    new TextEncoder().encode("many lines\nof a secret\n".repeat(40)),
    randomBytes(5000),
    new Uint8Array(3),
  ];
  const [whole, sliced] = [
    createRedactor(values),
    await createRedactorInSlices(values),
  ];
  assertEquals(sliced.skipped, whole.skipped);
  for (const value of values) {
    for (
      const text of [value.toBase64(), value.toHex(), `a${value.toHex()}b`]
    ) {
      assertEquals(sliced.text(text), whole.text(text));
    }
    assertEquals(sliced.bytes(value), whole.bytes(value));
  }
  assert(sliced.text(values[2]!.toHex()).length < 100);
  assert((await createRedactorInSlices([])).empty);
});

Deno.test("others get their turn while a large redactor is compiled", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const large = randomBytes(200_000);
  await createRedactorInSlices([large]);
  clearInterval(timer);
  assert(turns > 3, `${turns} turns`);
});

Deno.test("inFairSlices() hands on what the work throws", async () => {
  const failure = new Error("none");
  const caught = await inFairSlices((function* () {
    yield;
    throw failure;
  })()).catch((error) => error);
  assertEquals(caught, failure);
});

Deno.test("what is done in slices takes turns, and ends when its signal aborts", async () => {
  const order: string[] = [];
  function* work(name: string, slices: number): Generator<void, string> {
    for (let i = 0; i < slices; i++) {
      const end = performance.now() + 10;
      while (performance.now() < end); // one slice
      order.push(name);
      yield;
    }
    return name;
  }
  const controller = new AbortController();
  const reason = new Error("not wanted");
  const endless = inFairSlices(work("endless", Infinity), controller.signal);
  assertEquals(await inFairSlices(work("short", 3)), "short");
  controller.abort(reason);
  assertEquals(await endless.catch((error) => error), reason);
  const last = order.lastIndexOf("short");
  assertEquals(order.slice(0, last + 1), [
    "endless",
    "short",
    "endless",
    "short",
    "endless",
    "short",
  ]);
});
