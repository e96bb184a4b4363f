import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { withCallerSignal } from "../../lib/operation/caller_signal.ts";
import { HeldPromise } from "../../lib/operation/held_promise.ts";
import { Operation } from "../../lib/operation/operation.ts";
import { toldPromise } from "../../lib/operation/told_promise.ts";
import { tellAtEnd, unheardText } from "../../lib/operation/unheard.ts";
import { init, untilStopped } from "./operation.ts";

/** What a program says at its end of what nobody heard of. */
async function toldAtEnd(): Promise<string> {
  const told: string[] = [];
  const onError = (event: Event) => {
    event.preventDefault();
    told.push((event as ErrorEvent).error.message);
  };
  globalThis.addEventListener("error", onError);
  try {
    // What has just been rejected has its turn.
    await new Promise((resolve) => setTimeout(resolve));
    globalThis.dispatchEvent(new Event("beforeunload", { cancelable: true }));
    globalThis.dispatchEvent(new Event("unload"));
  } finally {
    globalThis.removeEventListener("error", onError);
  }
  return told.join("|");
}

Deno.test("withCallerSignal() joins a caller's signal with one of ours, and takes no other thing for one", () => {
  const own = new AbortController();
  assertEquals(withCallerSignal(own.signal, undefined), own.signal);
  for (const caller of [true, false]) {
    const [a, b] = [new AbortController(), new AbortController()];
    const both = withCallerSignal(a.signal, b.signal);
    assertFalse(both.aborted);
    (caller ? b : a).abort("why");
    assertEquals([both.aborted, both.reason], [true, "why"]);
  }
  for (const wrong of [5000, null, new AbortController(), {}, "x"]) {
    assertThrows(
      () => withCallerSignal(own.signal, wrong as AbortSignal),
      TypeError,
      "Cannot use signal: expected an AbortSignal",
    );
  }
});

Deno.test("HeldPromise tells of each taking hold, in whatever way, and of no other", async () => {
  const failure = new Error("it failed");
  for (const rejects of [false, true]) {
    let held = 0;
    const make = () =>
      new HeldPromise(
        rejects ? Promise.reject(failure) : Promise.resolve(5),
        () => held++,
      );
    make();
    // One that fails and that nobody holds is no unhandled one.
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals(held, 0);
    const ways: ((promise: Promise<number>) => Promise<unknown>)[] = [
      async (promise) => await promise,
      (promise) => promise.then((value) => value),
      (promise) => promise.then(undefined, (error) => Promise.reject(error)),
      (promise) => promise.finally(() => {}),
      (promise) => Promise.all([promise]).then(([value]) => value),
    ];
    for (const [at, way] of ways.entries()) {
      const result = await way(make()).catch((error) => error);
      assertEquals(result, rejects ? failure : 5);
      assertEquals(held, at + 1);
    }
    assertFalse(make().then(() => {}, () => {}) instanceof HeldPromise);
  }
});

Deno.test("an operation gives its result, its items, and its failure to whoever asks", async () => {
  const done = new Operation(init(async (_, items) => {
    await items.write("a");
    await items.write("b");
    return { digest: "d" };
  }));
  assertEquals(await done.wait(({ digest }) => digest), "d");
  assertEquals(await Array.fromAsync(done.items.read()), ["a", "b"]);
  await done.over;
  const failure = new Error("it failed");
  const failed = new Operation(init(async (_, items) => {
    await items.write("a");
    throw failure;
  }));
  assertEquals(await assertRejects(() => failed.wait((it) => it)), failure);
  const seen: string[] = [];
  const reading = async () => {
    for await (const item of failed.items.read()) seen.push(item);
  };
  assertEquals(await assertRejects(reading), failure);
  assertEquals(seen, ["a"]);
  await failed.over;
});

Deno.test("cancelling an operation stops it with its reason, and waits for its end", async () => {
  for (const dispose of [false, true]) {
    let ended = false;
    const operation = new Operation(init(async (signal) => {
      await untilStopped(signal).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve));
      ended = true;
      throw signal.reason;
    }));
    const waiting = operation.wait((it) => it).catch((error) => error);
    if (dispose) await operation[Symbol.asyncDispose]();
    else await operation.cancel("why");
    assert(ended);
    const error = await waiting;
    assertEquals(dispose ? error.name : error, dispose ? "AbortError" : "why");
  }
  assertEquals(await toldAtEnd(), "");
});

Deno.test("an operation stops at its caller's signal, which it may not take for another thing", async () => {
  const stop = new AbortController();
  const operation = new Operation(init(untilStopped, stop.signal));
  stop.abort("why");
  assertEquals(
    await operation.wait((it) => it).catch((error) => error),
    "why",
  );
  const wrong = new Operation(
    init(untilStopped, 5000 as unknown as AbortSignal),
  );
  await assertRejects(
    () => wrong.wait((it) => it),
    TypeError,
    "Cannot use signal",
  );
  const refusal = new Error("closed");
  const refused = new Operation(init(untilStopped), refusal);
  assertEquals(await assertRejects(() => refused.wait((it) => it)), refusal);
});

Deno.test("what fails unheard is told at the end, and what is cancelled or heard of is not", async () => {
  const failing = () =>
    new Operation(init(() => Promise.reject(new Error("it failed"))));
  const told =
    'The test failed, and nothing in this program reads how it ends: await its wait(), as in "await docker.init(…).wait()"\nError: it failed';
  failing();
  assertEquals(await toldAtEnd(), told);
  assertEquals(await toldAtEnd(), "", "once");
  // With what is secret masked.
  new Operation({
    ...init(() => Promise.reject(new Error("it failed"))),
    mask: (text) => text.replace("failed", "***"),
  });
  assertEquals(await toldAtEnd(), told.replace("it failed", "it ***"));
  // Heard of, before and behind the failure.
  const heard: ((operation: Operation<never, string>) => unknown)[] = [
    (operation) => operation.wait((it) => it).catch(() => {}),
    (operation) => operation.items.read().next().catch(() => {}),
    (operation) => operation.cancel(),
  ];
  for (const hear of heard) {
    await hear(failing());
    const late = failing();
    await late.over;
    await hear(late);
    assertEquals(await toldAtEnd(), "");
  }
  // Who gave a signal and aborts it knows; who is cut off does not.
  const stop = new AbortController();
  const stopped = new Operation(init(untilStopped, stop.signal));
  stop.abort(new Error("by the caller"));
  await stopped.over;
  assertEquals(await toldAtEnd(), "");
  const cut = new Operation(init(untilStopped));
  cut.cutOff(new Error("cut off"));
  await cut.over;
  assertEquals(await toldAtEnd(), told.replace("it failed", "cut off"));
  // What the caller stopped first is no matter of what cuts it off then.
  const both = new Operation(init(async (signal) => {
    await untilStopped(signal).catch(() => {});
    both.cutOff(new Error("cut off"));
    throw signal.reason;
  }));
  const waiting = both.cancel("why");
  await waiting;
  assertEquals(await toldAtEnd(), "");
  new Operation(init(untilStopped), new Error("closed"));
  assertEquals(await toldAtEnd(), told.replace("it failed", "closed"));
});

Deno.test("toldPromise() tells a failure in its sentence, unless somebody hears of it", async () => {
  const make = () =>
    toldPromise(Promise.reject(new Error("it failed")), "It broke");
  make();
  assertEquals(await toldAtEnd(), "It broke\nError: it failed");
  for (const late of [false, true]) {
    for (const how of ["hold", "hear"] as const) {
      const { promise, hear } = make();
      if (late) await new Promise((resolve) => setTimeout(resolve));
      if (how === "hear") hear();
      else await promise.catch(() => {});
      assertEquals(await toldAtEnd(), "");
    }
  }
  const { promise } = toldPromise(Promise.resolve(5), "It broke");
  assertEquals(await toldAtEnd(), "");
  assertEquals(await promise, 5);
});

Deno.test("many failures are told together, up to a hundred, and what is taken back is not", async () => {
  const takeBack = Array.from(
    { length: 103 },
    (_, at) => tellAtEnd(new Error(`<${at}>`)),
  );
  takeBack[1]!();
  takeBack[101]!();
  const lines = (await toldAtEnd()).split("\n");
  assertEquals(lines.length, 100);
  assertEquals(lines.slice(0, 3), ["<0>", "<2>", "<3>"]);
  assertEquals(lines.slice(-2), ["<99>", "… and 2 more"]);
  assertEquals(await toldAtEnd(), "");
});

Deno.test("what is told holds nothing that a terminal obeys, and what is no error is told, too", () => {
  const controls = Array.from(
    { length: 256 },
    (_, code) => String.fromCharCode(code),
  ).join("");
  const shown = unheardText("It", new TypeError(controls));
  const kept = [...controls].filter((one) =>
    one === "\t" || one === "\n" || one >= " " && one < "\x7f" || one >= "\xa0"
  ).join("");
  assertEquals(shown, `It\nTypeError: ${kept}`);
  assertEquals(unheardText("It", 5), "It\n5");
  assertEquals(unheardText("It", 5, (text) => `<${text.trim()}>`), "It\n<5>");
});

Deno.test("the stack of a failure ends with the lines that started the operation", async () => {
  function program(work: Parameters<typeof init>[0]) {
    return started(work);
  }
  function started(work: Parameters<typeof init>[0], signal?: AbortSignal) {
    return new Operation({ ...init(work, signal), startedBy: started });
  }
  const fails = async () => {
    await Promise.resolve();
    throw new TypeError("wrong");
  };
  const failed = program(fails);
  const error = await assertRejects(() => failed.wait(String), TypeError);
  assertEquals(error.stack!.match(/at program /g)?.length, 1);
  assert(!error.stack!.includes("at started "), error.stack);
  assert(/^TypeError: wrong\n +at .*fails/.test(error.stack!), error.stack);
  // One that comes out of two operations of the same call has its lines once.
  const same = await fails().catch((error) => error);
  for (const _ of [1, 2]) {
    await program(() => Promise.reject(same)).wait(String).catch(() => {});
  }
  assertEquals(same.stack!.match(/at program /g)?.length, 1);
  // What cannot be changed, and a caller's own reason, stay as they are.
  const frozen = Object.freeze(new Error("frozen"));
  const one = program(() => Promise.reject(frozen));
  assertEquals(await one.wait(String).catch((error) => error), frozen);
  const abort = new AbortController();
  const stopped = started(untilStopped, abort.signal);
  const reason = new Error("mine");
  const before = reason.stack;
  abort.abort(reason);
  await assertRejects(() => stopped.wait(String), Error, "mine");
  assertEquals(reason.stack, before);
});
