// What davit needs of the library: that nothing is left behind, and nobody hears of a late failure.
import { assertEquals, assertRejects } from "../support/assert.ts";
// @ts-types="../../lib/std/abortable.d.ts"
import { abortable } from "@std/async/abortable";

const reason = new Error("enough");

Deno.test("abortable() gives what a promise gives while its signal does not abort", async () => {
  const { signal } = new AbortController();
  assertEquals(await abortable(Promise.resolve(5), signal), 5);
  const error = await assertRejects(() =>
    abortable(Promise.reject(reason), signal)
  );
  assertEquals(error, reason);
});

Deno.test("abortable() does not wait behind an abort, and a failure that comes later is nobody's", async () => {
  const before = Promise.withResolvers<number>();
  const known = assertRejects(() =>
    abortable(before.promise, AbortSignal.abort(reason))
  );
  const stop = new AbortController();
  const during = Promise.withResolvers<number>();
  const waiting = abortable(during.promise, stop.signal)
    .then(() => "done", (error) => error);
  stop.abort(reason);
  before.reject(new Error("late"));
  // Whoever still waited has this.
  setTimeout(() => during.resolve(5));
  await during.promise;
  assertEquals(await known, reason);
  assertEquals(await waiting, reason);
  // A result that is there does not count any more.
  assertEquals(
    await abortable(Promise.resolve(5), AbortSignal.abort(reason))
      .catch((error) => error),
    reason,
  );
});

Deno.test("abortable() leaves nothing on a signal that lives on", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listeners++;
    addEventListener.apply(signal, args as never);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--;
    removeEventListener.apply(signal, args as never);
  };
  await abortable(Promise.resolve(5), signal);
  await abortable(Promise.reject(reason), signal).catch(() => {});
  assertEquals(listeners, 0);
});
