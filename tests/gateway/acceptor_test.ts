import { acceptAll } from "../../lib/gateway/acceptor.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

/** A listener that fails with these, one after the other. */
function listenerOf(failures: Error[]): Deno.Listener {
  return {
    accept: () => Promise.reject(failures.shift()),
  } as Partial<Deno.Listener> as Deno.Listener;
}

const failure = (code: string) => Object.assign(new Error(code), { code });

Deno.test("acceptAll() goes on where there is no descriptor for the moment, or a client is gone again", async () => {
  const failures = [
    failure("EMFILE"),
    failure("ENFILE"),
    failure("ECONNABORTED"),
    new Deno.errors.ConnectionAborted(),
    new Deno.errors.BadResource(), // it was closed
  ];
  assertEquals(await Array.fromAsync(acceptAll(listenerOf(failures))), []);
  assertEquals(failures, []);
});

Deno.test("acceptAll() does not go on with a listener that is broken", async () => {
  const broken = failure("EINVAL");
  assertEquals(
    await assertRejects(() => Array.fromAsync(acceptAll(listenerOf([broken])))),
    broken,
  );
});
