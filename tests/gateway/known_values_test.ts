import { KnownValues } from "../../lib/gateway/known_values.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";

const signal = new AbortController().signal;
const begin = (known: KnownValues, ...values: string[]) =>
  known.begin(values.map((value) => new Secret(value)), signal);

Deno.test("every build's answer is masked with the values of all that run beside it", async () => {
  const known = new KnownValues(1000, false);
  using none = await begin(known);
  const a = await begin(known, "secret-a");
  using b = await begin(known, "secret-b", "secret-a");
  for (const { mask } of [none, a, b]) {
    assertEquals(mask.text("secret-a secret-b"), "*** ***");
  }
  assert(a.holds("x secret-a"));
  assert(!a.holds("secret-b"), "it would tell of another's secret");
  assert(!none.holds("secret-a"));
  a[Symbol.dispose]();
  a[Symbol.dispose]();
  using c = await begin(known, "secret-c");
  assertEquals(c.mask.text("secret-a secret-c"), "*** ***");
});

Deno.test("the values of a build that ended stay masked while one runs that ran beside it", async () => {
  const known = new KnownValues(100_000, false);
  const first = await begin(known);
  (await begin(known, "secret-a"))[Symbol.dispose]();
  using second = await begin(known, "secret-c");
  assertEquals(second.mask.text("secret-a"), "***");
  assertEquals(known.mask.text("secret-a"), "***");
  first[Symbol.dispose]();
  // No step of it can have gone on with another client.
  using third = await begin(known, "secret-d");
  assertEquals(third.mask.text("secret-a secret-d"), "secret-a ***");
});

Deno.test("where steps are shared, a value stays masked over any chain of builds, and any amount of other values", async () => {
  const limit = 40_000;
  const known = new KnownValues(limit, true);
  let running = await begin(known, "secret-of-the-first");
  let refused = 0;
  // Each overlaps with the one before alone.
  for (let i = 0; i < 8; i++) {
    const value = `${i}${randomBytes(4500).toHex()}`;
    const next = await begin(known, value).catch((error) => {
      assertEquals(error.status, 503);
      refused++;
      return begin(known);
    });
    running[Symbol.dispose]();
    running = next;
    assertEquals(running.mask.text("secret-of-the-first"), "***");
  }
  // What can't be masked does not run.
  assertEquals(refused, 4);
  running[Symbol.dispose]();
  using alone = await begin(known, randomBytes(19_000).toHex());
  assertEquals(alone.mask.text("secret-of-the-first"), "secret-of-the-first");
});

Deno.test("a value that was masked before is taken again, however many there are", async () => {
  const known = new KnownValues(20, true);
  using _first = await begin(known);
  for (let i = 0; i < 3; i++) {
    using same = await begin(known, "0123456789abcdefghij");
    assertEquals(same.mask.text("0123456789abcdefghij"), "***");
  }
});

Deno.test("all values go with the last build", async () => {
  const known = new KnownValues(1000, true);
  assert(known.empty);
  const build = await begin(known, "secret-of-the-last");
  assert(!known.empty);
  build[Symbol.dispose]();
  assert(known.empty);
  using alone = await begin(known);
  assertEquals(alone.mask.text("secret-of-the-last"), "secret-of-the-last");
});

Deno.test("more values than are masked are refused; a value that two builds have counts once", async () => {
  const known = new KnownValues(20, false);
  const a = await begin(known, "0123456789");
  using _same = await begin(known, "0123456789", "abcdefghij");
  const refusal = await begin(known, "more").catch((error) => error);
  assert(refusal instanceof Refusal);
  assertEquals([refusal.status, refusal.headers], [503, [[
    "Retry-After",
    "5",
  ]]]);
  using _none = await begin(known);
  a[Symbol.dispose]();
});

Deno.test("a build that nobody waits for any more does not wait for its masks, nor leaves a value", async () => {
  const known = new KnownValues(1_000_000, false);
  const controller = new AbortController();
  const large = randomBytes(100_000);
  const beginning = known.begin([new Secret(large)], controller.signal);
  const reason = new Error("gone");
  controller.abort(reason);
  assertEquals(await assertRejects(() => beginning), reason);
  using next = await begin(known, "secret-a");
  assertEquals(next.mask.text("secret-a"), "***");
});
