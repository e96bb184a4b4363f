/** How a call of ours ends before its time: by its signal, its deadline, cancel(), its server. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { connectGrpc } from "../../lib/grpc/client.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import { ErrorCode, Http2Error } from "../../lib/http2/error.ts";
import type { HeaderField } from "../../lib/http2/hpack_table.ts";
import { type Http2Stream, serveHttp2 } from "../../lib/http2/server.ts";
import { stopClock } from "../http2/floods.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { StandingClock } from "../support/standing_clock.ts";
import { Scripted } from "./scripted.ts";

const HEAD: HeaderField[] = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];

/** A server of one call, which a test answers by hand. */
function serve() {
  const [ours, theirs] = duplexPair();
  const stream = Promise.withResolvers<Http2Stream>();
  const server = serveHttp2(theirs, stream.resolve);
  const client = connectGrpc(ours);
  return {
    client,
    stream: stream.promise,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.close();
    },
  };
}

async function reset(
  stream: { readonly signal: AbortSignal },
): Promise<number> {
  if (!stream.signal.aborted) {
    await new Promise((resolve) =>
      stream.signal.addEventListener("abort", resolve)
    );
  }
  return (stream.signal.reason as Http2Error).code;
}

/** Counts the listeners of a signal. */
function counted(signal: AbortSignal): () => number {
  let count = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    count++;
    addEventListener.apply(signal, args as never);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    count--;
    removeEventListener.apply(signal, args as never);
  };
  return () => count;
}

Deno.test("a signal ends its call with its reason, wherever the call is", async () => {
  for (const where of ["read", "head", "write", "nothing"]) {
    await using one = serve();
    const controller = new AbortController();
    const listeners = counted(controller.signal);
    const call = await one.client.open("/x", { signal: controller.signal });
    const stream = await one.stream;
    const reason = new Error("tired");
    const pending = where === "read"
      ? call.read()
      : where === "head"
      ? call.head()
      : where === "write"
      ? call.write(new Uint8Array(5_000_000))
      : undefined;
    const rejected = pending && assertRejects(() => pending);
    controller.abort(reason);
    assertEquals(await reset(stream), 8);
    if (rejected !== undefined) assertEquals(await rejected, reason, where);
    for (
      const act of [
        () => call.read(),
        () => call.head(),
        async () => await call.write(new Uint8Array(1)),
        async () => await call.end(),
      ]
    ) {
      assertEquals(await assertRejects(act), reason, where);
    }
    call.cancel(new Error("too late"));
    assertEquals(await assertRejects(() => call.read()), reason);
    assertEquals(listeners(), 0);
    assertEquals(one.client.calls, 0);
  }
});

Deno.test("cancel() ends a call with CANCELLED, or with its reason", async () => {
  for (const reason of [undefined, new Error("mine")]) {
    await using one = serve();
    const call = await one.client.open("/x");
    call.cancel(reason);
    assertEquals(await reset(await one.stream), 8);
    const error = await assertRejects(() => call.read());
    if (reason !== undefined) assertEquals(error, reason);
    else assertEquals((error as GrpcError).code, GrpcCode.CANCELLED);
  }
});

Deno.test("a call that goes out of scope is given up", async () => {
  await using one = serve();
  {
    await using _ = await one.client.open("/x", { timeout: 60_000 });
  }
  assertEquals(await reset(await one.stream), 8);
});

Deno.test("a deadline ends its call with DEADLINE_EXCEEDED, also one whose answer was not read", async () => {
  for (const answered of [false, true]) {
    await using one = serve();
    const call = await one.client.open("/x", { timeout: 20 });
    const stream = await one.stream;
    if (answered) stream.end([...HEAD, ["grpc-status", "0"]]);
    else assertEquals(await reset(stream), 8);
    await new Promise((resolve) => setTimeout(resolve, 40));
    const error = await assertRejects(() => call.read(), GrpcError);
    assertEquals([error.code, error.cause], [4, undefined]);
    assert(error.message.includes("20 ms"), error.message);
  }
});

Deno.test("a server that is silent for too long ends its call, wherever it is waited for", async () => {
  for (const where of ["a free stream", "head", "message"] as const) {
    using clock = new StandingClock();
    await using scripted = new Scripted(
      (stream) => {
        if (where === "message") stream.respond(HEAD);
      },
      {},
      { maxConcurrentStreams: 1 },
    );
    const { client } = scripted;
    await using other = await client.open("/x");
    await clock.settle(); // the server's SETTINGS came
    if (where !== "a free stream") other.cancel();
    const call = client.open("/x", { silence: 1_000 });
    const failed = assertRejects(
      async () => await (await call).read(),
      GrpcError,
    );
    let settled = false;
    failed.finally(() => settled = true);
    await clock.pass(999);
    assertEquals(settled, false, where);
    await clock.pass(2);
    const { code, message } = await failed;
    assertEquals([code, message], [4, "The server sent nothing for 1000 ms"]);
  }
});

Deno.test("a server that gives up at the deadline by its own clock is told as the deadline", async () => {
  for (const [passed, isLate] of [[59_999, false], [60_000, true]] as const) {
    using clock = stopClock();
    await using one = serve();
    const call = await one.client.open("/x", { timeout: 60_000 });
    (await one.stream).end([
      ...HEAD,
      ["grpc-status", "1"],
      ["grpc-message", "context canceled"],
    ]);
    clock.advance(passed);
    const error = await assertRejects(() => call.read(), GrpcError);
    assertEquals(error.code, isLate ? 4 : 1);
    if (isLate) assertEquals((error.cause as GrpcError).code, 1);
  }
});

Deno.test("a call that ended leaves no timer and no listener", async () => {
  for (const status of ["0", "5"]) {
    await using one = serve();
    const controller = new AbortController();
    const listeners = counted(controller.signal);
    const call = await one.client.open("/x", {
      signal: controller.signal,
      timeout: 60_000,
    });
    assertEquals(listeners() > 0, true);
    (await one.stream).end([...HEAD, ["grpc-status", status]]);
    if (status === "0") assertEquals(await call.read(), null);
    else await assertRejects(() => call.read(), GrpcError);
    assertEquals(listeners(), 0);
    // What is over stays as it is.
    controller.abort();
    call.cancel();
    if (status === "0") assertEquals(await call.read(), null);
    else {assertEquals(
        (await assertRejects(() => call.read(), GrpcError)).code,
        5,
      );}
  }
});

Deno.test("a call that can't be opened leaves no timer and no listener", async () => {
  await using one = serve();
  await one.client.close();
  const { signal } = new AbortController();
  const listeners = counted(signal);
  await assertRejects(
    () => one.client.open("/x", { signal, timeout: 60_000 }),
    GrpcError,
  );
  assertEquals(listeners(), 0);
});

Deno.test("write() says that the server wants no more, read() with which status", async () => {
  for (const status of ["0", "9"]) {
    await using one = serve();
    const call = await one.client.open("/x");
    const stream = await one.stream;
    const waiting = call.write(new Uint8Array(5_000_000));
    const rejected = assertRejects(() => waiting!, GrpcError);
    stream.end([...HEAD, ["grpc-status", status]]);
    const error = await rejected;
    assertEquals(error.code, GrpcCode.ABORTED);
    assert(error.cause instanceof Http2Error);
    assertThrows(() => call.write(new Uint8Array(1)), GrpcError, "no more");
    if (status === "0") {
      assertEquals(await call.read(), null);
      assertThrows(() => call.end(), GrpcError, "no more");
    } else {
      const final = await assertRejects(() => call.read(), GrpcError);
      assertEquals(final.code, 9);
      assertEquals(assertThrows(() => call.end(), GrpcError), final);
    }
  }
});

Deno.test("write() tells how its server reset the call, also when nobody reads", async () => {
  await using one = serve();
  const call = await one.client.open("/x");
  (await one.stream).reset(ErrorCode.ENHANCE_YOUR_CALM);
  await reset(call);
  for (const act of [() => call.write(new Uint8Array(1)), () => call.end()]) {
    const error = assertThrows(act, GrpcError);
    assertEquals(error.code, GrpcCode.RESOURCE_EXHAUSTED);
  }
});

Deno.test("a write that nobody waits for may fail", async () => {
  await using one = serve();
  const call = await one.client.open("/x");
  void call.write(new Uint8Array(5_000_000));
  void call.end();
  call.cancel();
  assertEquals(await reset(await one.stream), 8);
  await new Promise((resolve) => setTimeout(resolve));
});

Deno.test("a call's end is its own mistake when it is called twice, and no end of the call", async () => {
  await using one = serve();
  const call = await one.client.open("/x");
  await call.end();
  assertThrows(() => call.end(), TypeError);
  assertThrows(() => call.write(new Uint8Array(1)), TypeError);
  (await one.stream).end([...HEAD, ["grpc-status", "0"]]);
  assertEquals(await call.read(), null);
});
