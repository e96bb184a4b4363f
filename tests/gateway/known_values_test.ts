import { KnownValues } from "../../lib/gateway/known_values.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";

const signal = new AbortController().signal;
const begin = (known: KnownValues, ...values: string[]) =>
  known.begin(values.map((value) => new Secret(value)), signal);

Deno.test("every build's answer is masked with the values of all that run beside it", async () => {
  const known = new KnownValues(1000);
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

Deno.test("the values of a build that ended stay masked while one runs that ran beside it, and then a while", async () => {
  const known = new KnownValues(100_000);
  const first = await begin(known);
  (await begin(known, "secret-a"))[Symbol.dispose]();
  using second = await begin(known, "secret-c");
  assertEquals(second.mask.text("secret-a"), "***");
  // The step that has it may go on with another client.
  first[Symbol.dispose]();
  using third = await begin(known, "secret-d");
  assertEquals(third.mask.text("secret-a secret-d"), "*** ***");
});

Deno.test("past values have a bound, and go with the last build", async () => {
  const known = new KnownValues(1_000_000);
  let running = await begin(known, "secret-of-the-first");
  for (let i = 0; i < 4; i++) {
    const next = await begin(known, `${i}${randomBytes(9000).toHex()}`);
    running[Symbol.dispose]();
    running = next;
  }
  const end = await begin(known, "secret-of-the-last");
  assertEquals(end.mask.text("secret-of-the-first"), "secret-of-the-first");
  running[Symbol.dispose]();
  end[Symbol.dispose]();
  using alone = await begin(known);
  assertEquals(alone.mask.text("secret-of-the-last"), "secret-of-the-last");
});

Deno.test("more values than are masked are refused; a value that two builds have counts once", async () => {
  const known = new KnownValues(20);
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
  const known = new KnownValues(1_000_000);
  const controller = new AbortController();
  const large = randomBytes(100_000);
  const beginning = known.begin([new Secret(large)], controller.signal);
  const reason = new Error("gone");
  controller.abort(reason);
  assertEquals(await assertRejects(() => beginning), reason);
  using next = await begin(known, "secret-a");
  assertEquals(next.mask.text("secret-a"), "***");
});
