/** The gRPC client against servers in HTTP/2, which answer whatever a test says. */
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import { ErrorCode, Http2Error } from "../../lib/http2/error.ts";
import type { Http2Stream } from "../../lib/http2/server.ts";
import { until } from "../support/until.ts";
import { method, numbers } from "./calls.ts";
import { failure, HEAD, NOTHING, say, Scripted } from "./scripted.ts";

Deno.test("a call's header fields are those of gRPC, in its order, with metadata behind", async () => {
  const answer = (stream: Http2Stream) => {
    stream.respond(HEAD);
    say(stream, NOTHING);
    stream.end([["grpc-status", "0"]]);
  };
  await using scripted = new Scripted(answer);
  await scripted.client.unary(method("X"), Uint8Array.of(7), {
    timeout: 1_500.5,
    metadata: [["b", "2"], ["a-bin", Uint8Array.of(251, 255)], ["b", ""]],
  });
  assertEquals(scripted.streams[0]?.headers, [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/test.Test/X"],
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["user-agent", "davit"],
    ["te", "trailers"],
    ["grpc-timeout", "1501m"],
    ["b", "2"],
    ["a-bin", "+/8"],
    ["b", ""],
  ]);
  await using other = new Scripted(answer, {
    scheme: "https",
    authority: "engine:1",
    userAgent: "me/1",
  });
  await other.client.unary(method("X"), NOTHING, { timeout: 2 ** 31 - 1 });
  assertEquals(other.streams[0]?.headers.slice(1), [
    [":scheme", "https"],
    [":path", "/test.Test/X"],
    [":authority", "engine:1"],
    ["content-type", "application/grpc"],
    ["user-agent", "me/1"],
    ["te", "trailers"],
    ["grpc-timeout", "2147484S"],
  ]);
});

Deno.test("a deadline is told in as many digits as there may be", async () => {
  await using scripted = new Scripted();
  for (const timeout of [0.5, 99_999_999, 100_000_000]) {
    await using _ = await scripted.client.open("/x", { timeout });
  }
  await until(() => scripted.streams.length === 3, "the calls came");
  assertEquals(
    scripted.streams.map((stream) => stream.get("grpc-timeout")),
    ["1m", "99999999m", "100000S"],
  );
});

Deno.test("what is wrong with a call's options is refused before a byte is sent", async () => {
  await using scripted = new Scripted();
  const { client } = scripted;
  for (
    const [key, value] of [
      ["A", "b"],
      ["", "b"],
      [":path", "b"],
      ["grpc-status", "b"],
      ["grpc-timeout", "b"],
      ["te", "b"],
      ["content-type", "b"],
      ["user-agent", "b"],
      ["connection", "b"],
      ["host", "b"],
      ["a", "hunter2\n"],
      ["a", "hunter2ü"],
      ["a-bin", "hunter2"],
      ["a", new Uint8Array(1)],
    ] as [string, string | Uint8Array][]
  ) {
    const error = await assertRejects(
      () => client.open("/x", { metadata: [[key, value]] }),
      TypeError,
    );
    assert(error.message.includes(`"${key}"`), error.message);
    assert(!error.message.includes("hunter2"), error.message);
    const why = ["A", "", ":path"].includes(key)
      ? "the key is none"
      : key.startsWith("a")
      ? key
      : "the key is the call's own";
    assert(error.message.includes(why), error.message);
  }
  for (const timeout of [0, -1, NaN, Infinity, 2 ** 31]) {
    await assertRejects(() => client.open("/x", { timeout }), RangeError);
    const silence = timeout;
    const error = await assertRejects(
      () => client.open("/x", { silence }),
      RangeError,
    );
    assert(error.message.includes(`silence is ${silence}`), error.message);
  }
  await assertRejects(() => client.open(""), TypeError);
  const reason = new Error("tired");
  assertEquals(
    await assertRejects(() =>
      client.open("/x", { signal: AbortSignal.abort(reason) })
    ),
    reason,
  );
  assertEquals(scripted.streams.length, 0);
});

Deno.test("requests that fail end their call with what they failed with", async () => {
  await using scripted = new Scripted((stream) => stream.respond(HEAD));
  const broken = new Error("disk");
  async function* requests() {
    yield NOTHING;
    await Promise.resolve();
    throw broken;
  }
  assertEquals(
    await assertRejects(() =>
      scripted.client.clientStream(method("X"), requests())
    ),
    broken,
  );
  await until(() => scripted.streams[0]!.signal.aborted, "it is given up");
});

Deno.test("requests are asked for as the server takes them, and no more once it has answered", async () => {
  const answer = Promise.withResolvers<void>();
  await using scripted = new Scripted(async (stream) => {
    await answer.promise;
    stream.respond(HEAD);
    say(stream, Uint8Array.of(7));
    stream.end([["grpc-status", "0"]]);
  });
  let asked = 0;
  let left = false;
  async function* requests() {
    try {
      for (; asked < 500; asked++) {
        await Promise.resolve();
        yield new Uint8Array(64 * 1024);
      }
    } finally {
      left = true;
    }
  }
  const answered = scripted.client.clientStream(method("X"), requests());
  await until(() => asked > 4, "what there is room for was asked for");
  for (let turns = 0; turns < 50; turns++) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert(asked < 100, `${asked}`);
  answer.resolve();
  assertEquals(await answered, Uint8Array.of(7));
  await until(() => left, "the requests are left");
  assert(asked < 100, `${asked}`);
});

Deno.test("a server that answers a unary call again and again is not listened to", async () => {
  await using scripted = new Scripted((stream) => {
    stream.respond(HEAD);
    say(stream, NOTHING, NOTHING);
  });
  const error = await assertRejects(
    () => scripted.client.unary(method("X"), NOTHING),
    GrpcError,
    "more than one message",
  );
  assertEquals(error.code, GrpcCode.INTERNAL);
});

Deno.test("a call that was given up gives no message that came before", async () => {
  await using scripted = new Scripted((stream) => {
    stream.respond(HEAD);
    say(stream, Uint8Array.of(1), Uint8Array.of(2));
  });
  const call = await scripted.client.open("/x");
  assertEquals(await call.read(), Uint8Array.of(1));
  const reason = new Error("tired");
  call.cancel(reason);
  assertEquals(await assertRejects(() => call.read()), reason);
});

Deno.test("what resets or drops a call is a code of gRPC's", async () => {
  const cases: [number, GrpcCode, boolean][] = [
    [ErrorCode.NO_ERROR, GrpcCode.INTERNAL, false],
    [ErrorCode.INTERNAL_ERROR, GrpcCode.INTERNAL, false],
    [ErrorCode.REFUSED_STREAM, GrpcCode.UNAVAILABLE, true],
    [ErrorCode.CANCEL, GrpcCode.CANCELLED, false],
    [ErrorCode.ENHANCE_YOUR_CALM, GrpcCode.RESOURCE_EXHAUSTED, false],
    [ErrorCode.INADEQUATE_SECURITY, GrpcCode.PERMISSION_DENIED, false],
  ];
  for (const [reset, code, notProcessed] of cases) {
    const error = await failure((stream) => stream.reset(reset));
    assertEquals([error.code, error.notProcessed], [code, notProcessed]);
    assert(error.cause instanceof Http2Error);
    assertEquals(error.message, error.cause.message);
  }
  await using scripted = new Scripted((stream) => {
    if (scripted.streams.length === 2) void scripted.server.close();
    else stream.respond(HEAD);
  });
  const { client } = scripted;
  const call = await client.open("/x");
  await call.head();
  const other = await client.open("/y");
  for (const lost of [call, other]) {
    const error = await assertRejects(() => lost.read(), GrpcError);
    assertEquals([error.code, error.notProcessed], [14, false]);
    assertEquals(await assertRejects(() => lost.read()), error);
    assertEquals(
      await assertRejects(async () => await lost.write(NOTHING)),
      error,
    );
  }
  assertEquals(await call.head(), []);
  assertEquals(
    (await assertRejects(() => other.head(), GrpcError)).code,
    GrpcCode.UNAVAILABLE,
  );
  const late = await assertRejects(() => client.open("/z"), GrpcError);
  assertEquals([late.code, late.notProcessed], [14, true]);
});

Deno.test("calls above the server's limit wait for their turn", async () => {
  const answers: (() => void)[] = [];
  await using scripted = new Scripted(
    (stream) => {
      answers.push(() => {
        stream.respond(HEAD);
        say(stream, Uint8Array.of(stream.id));
        stream.end([["grpc-status", "0"]]);
      });
    },
    {},
    { maxConcurrentStreams: 2 },
  );
  const { client } = scripted;
  const calls = Array.from(
    { length: 6 },
    () => client.unary(method("X"), NOTHING),
  );
  const late = client.unary(method("X"), NOTHING, { timeout: 20 });
  const error = await assertRejects(() => late, GrpcError);
  assertEquals(error.code, GrpcCode.DEADLINE_EXCEEDED);
  await until(() => answers.length === 2, "two are there");
  assertEquals(client.calls, 2);
  for (let i = 0; i < 6; i++) {
    await until(() => answers.length > i, "the next is there");
    answers[i]!();
  }
  assertEquals((await Promise.all(calls)).map(([id]) => id), [
    1,
    3,
    5,
    7,
    9,
    11,
  ]);
});

Deno.test("a loop that is left gives its call up", async () => {
  await using scripted = new Scripted(async (stream) => {
    stream.respond(HEAD);
    say(stream, Uint8Array.of(1), Uint8Array.of(2));
    await stream.read();
  });
  for await (
    const message of scripted.client.serverStream(method("X"), NOTHING)
  ) {
    assertEquals(message, Uint8Array.of(1));
    break;
  }
  await until(() => scripted.streams[0]!.signal.aborted, "it is given up");
  assertEquals(
    (scripted.streams[0]!.signal.reason as Http2Error).code,
    ErrorCode.CANCEL,
  );
  assertEquals(scripted.client.calls, 0);
});

Deno.test("messages go both ways at their own pace", async () => {
  await using scripted = new Scripted(async (stream) => {
    stream.respond([...HEAD, ["a", "1"], ["a", "2"]]);
    for (;;) {
      const chunk = await stream.read();
      if (chunk === null) break;
      await stream.write(chunk);
    }
    await stream.end([["grpc-status", "0"], ["a", "3"]]);
  });
  await using call = await scripted.client.open("/x");
  assertEquals(call.metadata("a"), []);
  for (let i = 0; i < 5; i++) {
    await call.write(Uint8Array.of(i), Uint8Array.of(i));
    assertEquals(await call.read(), Uint8Array.of(i, i));
  }
  assertEquals(call.metadata("a"), ["1", "2"]);
  assertEquals(await call.head(), [["a", "1"], ["a", "2"]]);
  await call.end();
  assertEquals(await call.read(), null);
  assertEquals(await call.read(), null);
  assertEquals(call.metadata("a"), ["1", "2", "3"]);
  assertEquals(call.metadata("content-type"), []);
  assertEquals(call.metadata("grpc-status"), []);
  assertEquals(call.signal.aborted, false);
  // Over is over.
  call.cancel();
  assertEquals(await call.read(), null);
});

Deno.test("numbers() of a call that ends at once is nothing", async () => {
  await using scripted = new Scripted((stream) => {
    stream.end([...HEAD, ["grpc-status", "0"]]);
  });
  assertEquals(
    await numbers(scripted.client.serverStream(method("X"), NOTHING)),
    [],
  );
});
