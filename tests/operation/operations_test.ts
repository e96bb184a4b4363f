import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { ConnectionError } from "../../lib/errors.ts";
import { Operations } from "../../lib/operation/operations.ts";
import { init, untilStopped } from "./operation.ts";

const CLOSED = "The client is closed: make a new one";
const CUT = (what: string) =>
  `The ${what} was cancelled: its client was closed while it ran; await its end before close(), or before the scope of "await using" is left`;

Deno.test("what runs on a client ends with it, with a reason that names it", async () => {
  const operations = new Operations();
  const operation = operations.start(init(untilStopped));
  const running = [
    operation.wait((it) => it),
    operations.run(undefined, untilStopped),
    operations.stream(undefined, untilStopped),
  ].map((promise) => promise.catch((error) => error));
  await operations.close();
  for (const [at, promise] of running.entries()) {
    const error = await promise;
    assertEquals(error.name, "AbortError");
    assertEquals(error.message, CUT(at === 0 ? "test" : "request"));
  }
});

Deno.test("closing waits for all that runs, and for nothing that is over", async () => {
  const operations = new Operations();
  const left: string[] = [];
  assertEquals(await operations.run(undefined, () => Promise.resolve(5)), 5);
  await assertRejects(() =>
    operations.run(undefined, () => Promise.reject(new Error("failed")))
  );
  await assertRejects(() =>
    operations.stream(undefined, () => Promise.reject(new Error("failed")))
  );
  const slowly = async (signal: AbortSignal) => {
    await untilStopped(signal).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve));
    left.push("ended");
  };
  const running = [
    operations.run(undefined, slowly),
    operations.start(init(slowly)).wait(() => {}),
  ];
  await operations.close();
  assertEquals(left, ["ended", "ended"]);
  await Promise.all(running);
});

Deno.test("what is over is not cut off by the client's end", async () => {
  const operations = new Operations();
  const signals: AbortSignal[] = [];
  const keep = (signal: AbortSignal) => {
    signals.push(signal);
    return Promise.resolve(new ReadableStream<Uint8Array>());
  };
  await operations.run(undefined, keep);
  await (await operations.stream(undefined, keep)).cancel();
  const operation = operations.start(init(keep));
  await operation.over;
  await operations.close();
  assertEquals(signals.map(({ aborted }) => aborted), [false, false, false]);
});

Deno.test("on a closed client nothing starts: its work is stopped before it begins", async () => {
  const operations = new Operations();
  await operations.close();
  const calls = [
    () => operations.start(init(untilStopped)).wait((it) => it),
    () => operations.run(undefined, untilStopped),
    () => operations.stream(undefined, untilStopped),
  ];
  for (const call of calls) {
    await assertRejects(call, ConnectionError, CLOSED);
  }
  // Closed twice is closed.
  await operations.close();
});

Deno.test("a caller's signal stops its own request alone", async () => {
  const operations = new Operations();
  const stop = new AbortController();
  const stopped = operations.run(stop.signal, untilStopped)
    .catch((error) => error);
  const other = operations.run(undefined, untilStopped).catch((error) => error);
  stop.abort("why");
  assertEquals(await stopped, "why");
  await operations.close();
  assertEquals((await other).name, "AbortError");
  for (const call of ["run", "stream"] as const) {
    await assertRejects(
      () => operations[call](5 as unknown as AbortSignal, untilStopped),
      TypeError,
      "Cannot use signal",
    );
  }
});

/** A stream of chunks that tells how it was left. */
function source(...chunks: (string | Error)[]) {
  const state: { cancelled?: unknown; pulled: number } = { pulled: 0 };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      state.pulled++;
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else if (chunk instanceof Error) controller.error(chunk);
      else controller.enqueue(new TextEncoder().encode(chunk));
    },
    cancel(reason) {
      state.cancelled = reason;
    },
  }, { highWaterMark: 0 });
  return { state, open: () => Promise.resolve(stream) };
}

/** Whether the client waits for nothing. */
async function isIdle(operations: Operations): Promise<boolean> {
  let isClosed = false;
  operations.close().then(() => isClosed = true);
  await new Promise((resolve) => setTimeout(resolve));
  return isClosed;
}

Deno.test("a stream of a client goes on until it ends, and the client waits for it", async () => {
  const operations = new Operations();
  const { open, state } = source("ab", "c");
  const stream = await operations.stream(undefined, open);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(state.pulled, 0, "read as fast as it is taken");
  assertEquals(await new Response(stream).text(), "abc");
  assert(await isIdle(operations));
  assertEquals(state.cancelled, undefined);
});

Deno.test("a reader that brings its own buffer is told of a stream's end", async () => {
  const operations = new Operations();
  const stream = await operations.stream(undefined, source("abc").open);
  const reader = stream.getReader({ mode: "byob" });
  const first = await reader.read(new Uint8Array(2));
  assertEquals([...first.value!], [97, 98]);
  const second = await reader.read(new Uint8Array(2));
  assertEquals([...second.value!], [99]);
  assert((await reader.read(new Uint8Array(2))).done);
  assert(await isIdle(operations));
});

Deno.test("a stream that fails, or is left, is over for its client, and its source is given back", async () => {
  const operations = new Operations();
  const failure = new Error("it failed");
  const failing = await operations.stream(undefined, source("a", failure).open);
  const reader = failing.getReader();
  await reader.read();
  assertEquals(await assertRejects(() => reader.read()), failure);
  const { open, state } = source("a", "b");
  const left = await operations.stream(undefined, open);
  await left.cancel("enough");
  assertEquals(state.cancelled, "enough");
  assert(await isIdle(operations));
});

Deno.test("a stream is cut off by its signal and by its client, which gives its source back", async () => {
  for (const own of [true, false]) {
    const operations = new Operations();
    const stop = new AbortController();
    const { open, state } = source("a", "b", "c");
    const stream = await operations.stream(stop.signal, open);
    const reader = stream.getReader();
    await reader.read();
    if (own) stop.abort("why");
    else await operations.close();
    const error = await reader.read().then(() => undefined, (error) => error);
    if (own) assertEquals([error, state.cancelled], ["why", "why"]);
    else {assertEquals([error.message, state.cancelled], [
        CUT("request"),
        error,
      ]);}
    assert(await isIdle(operations));
  }
});

Deno.test("however a stream ends, it leaves nothing at its signal", async () => {
  const ends: ((stream: ReadableStream<Uint8Array>) => Promise<unknown>)[] = [
    (stream) => new Response(stream as BodyInit).text(),
    (stream) => stream.cancel(),
  ];
  const sources = [source("a"), source("a", new Error("it failed"))];
  for (const end of ends) {
    for (const { open } of sources) {
      const operations = new Operations();
      let listeners = 0;
      const stream = await operations.stream(undefined, (signal) => {
        const { addEventListener, removeEventListener } = signal;
        signal.addEventListener = (...args: unknown[]) => {
          listeners++;
          addEventListener.apply(signal, args as never);
        };
        signal.removeEventListener = (...args: unknown[]) => {
          listeners--;
          removeEventListener.apply(signal, args as never);
        };
        return open().then((one) => one.locked ? source("b").open() : one);
      });
      assertEquals(listeners, 1);
      await end(stream).catch(() => {});
      assertEquals(listeners, 0);
    }
  }
});

Deno.test("what a stream's source says when it is given back is told", async () => {
  const operations = new Operations();
  const stuck = new ReadableStream<Uint8Array>({
    cancel: () => Promise.reject(new TypeError("stuck")),
  });
  const stream = await operations.stream(
    undefined,
    () => Promise.resolve(stuck),
  );
  await assertRejects(() => stream.cancel(), TypeError, "stuck");
});

Deno.test("a stream that ended leaves nothing at its caller's signal, and what comes behind an abort is dropped", async () => {
  const operations = new Operations();
  const stop = new AbortController();
  const stream = await operations.stream(stop.signal, source("a").open);
  assertEquals(await new Response(stream).text(), "a");
  stop.abort("late");
  const gate = Promise.withResolvers<Uint8Array>();
  const slow = new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue(await gate.promise);
    },
  }, { highWaterMark: 0 });
  const again = new AbortController();
  const waiting = await operations.stream(
    again.signal,
    () => Promise.resolve(slow),
  );
  const read = waiting.getReader().read().then(() => "read", (error) => error);
  again.abort("why");
  gate.resolve(new Uint8Array(1));
  assertEquals(await read, "why");
  assert(await isIdle(operations));
});

/** What is given one after the other, and how it ended. */
function listed(items: readonly (number | Error)[]) {
  const state = { over: false };
  const work = async function* (signal: AbortSignal) {
    try {
      for (const item of items) {
        await Promise.resolve();
        signal.throwIfAborted();
        if (item instanceof Error) throw item;
        yield item;
      }
    } finally {
      state.over = true;
    }
  };
  return { work, state };
}

Deno.test("what a client gives one after the other is over when it ends, fails or is left", async () => {
  const operations = new Operations();
  const all = listed([1, 2]);
  assertEquals(
    await Array.fromAsync(operations.iterate(undefined, all.work)),
    [1, 2],
  );
  assert(await isIdle(operations));
  const failure = new Error("it failed");
  const another = new Operations();
  const failing = another.iterate(undefined, listed([1, failure]).work);
  assertEquals((await failing.next()).value, 1);
  assertEquals(await assertRejects(() => failing.next()), failure);
  assert(await isIdle(another));
  const third = new Operations();
  const left = listed([1, 2]);
  for await (const _ of third.iterate(undefined, left.work)) break;
  assert(left.state.over);
  assert(await isIdle(third));
});

Deno.test("one that nobody reads on holds up no client that closes, and is cut off", async () => {
  for (const own of [true, false]) {
    const operations = new Operations();
    const stop = new AbortController();
    const { work } = listed([1, 2]);
    const items = operations.iterate(stop.signal, work);
    assertEquals((await items.next()).value, 1);
    if (own) stop.abort(new Error("why"));
    else await operations.close();
    assert(await isIdle(operations));
    const error = await assertRejects<Error>(() => items.next(), Error);
    assertEquals(error.message, own ? "why" : CUT("request"));
  }
  const closed = new Operations();
  await closed.close();
  await assertRejects(
    () => closed.iterate(undefined, listed([1]).work).next(),
    ConnectionError,
  );
});
