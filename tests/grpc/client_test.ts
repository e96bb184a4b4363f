/** The gRPC client against servers in HTTP/2, which answer whatever a test says. */
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import {
  connectGrpc,
  type GrpcClient,
  type GrpcClientOptions,
} from "../../lib/grpc/client.ts";
import { framePrefix } from "../../lib/grpc/frame.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import { ErrorCode, Http2Error } from "../../lib/http2/error.ts";
import type { Http2Connection } from "../../lib/http2/connection.ts";
import type { HeaderField } from "../../lib/http2/hpack_table.ts";
import {
  type Http2ServerOptions,
  type Http2Stream,
  serveHttp2,
} from "../../lib/http2/server.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { until } from "../support/until.ts";
import { method, numbers } from "./calls.ts";

const HEAD: HeaderField[] = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];
const NOTHING = new Uint8Array();

class Scripted implements AsyncDisposable {
  readonly client: GrpcClient;
  readonly server: Http2Connection;
  readonly streams: Http2Stream[] = [];

  constructor(
    handler: (stream: Http2Stream) => unknown = () => {},
    options: GrpcClientOptions = {},
    serverOptions: Http2ServerOptions = {},
  ) {
    const [ours, theirs] = duplexPair();
    this.server = serveHttp2(theirs, async (stream) => {
      this.streams.push(stream);
      await handler(stream);
    }, serverOptions);
    this.client = connectGrpc(ours, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.server.close();
  }
}

function say(stream: Http2Stream, ...messages: readonly Uint8Array[]): void {
  for (const message of messages) {
    stream.write(framePrefix(message.length), message);
  }
}

async function failure(
  answer: (stream: Http2Stream) => unknown,
  options?: GrpcClientOptions,
): Promise<GrpcError> {
  await using scripted = new Scripted(answer, options);
  const error = await assertRejects(
    () => scripted.client.unary(method("X"), NOTHING),
    GrpcError,
  );
  assertEquals(scripted.client.calls, 0);
  return error;
}

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
  }
  for (const timeout of [0, -1, NaN, Infinity, 2 ** 31]) {
    await assertRejects(() => client.open("/x", { timeout }), RangeError);
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

/** Base64 without padding of a `google.rpc.Status` with two details. */
const DETAILS = "CAISA2JhZBoJCgN1cmwSAgECGgUKA3R3bw";

Deno.test("a status has its code, message, details and metadata", async () => {
  for (const trailersOnly of [false, true]) {
    const error = await failure((stream) => {
      if (!trailersOnly) stream.respond([...HEAD, ["ahead", "1"]]);
      stream.end([
        ...trailersOnly ? HEAD : [],
        ["grpc-status", "2"],
        ["grpc-message", "b%C3%BCd %zz %2"],
        ["grpc-status-details-bin", DETAILS],
        ["why", "x"],
        ["why", "y"],
      ]);
    });
    assertEquals([error.name, error.code], ["GrpcError", GrpcCode.UNKNOWN]);
    assertEquals(error.message, "büd %zz %2");
    assertEquals(error.details, [
      { typeUrl: "url", value: Uint8Array.of(1, 2) },
      { typeUrl: "two", value: NOTHING },
    ]);
    assertEquals(error.metadata, [["why", "x"], ["why", "y"]]);
    assertEquals([error.notProcessed, error.cause], [false, undefined]);
  }
});

Deno.test("details of several MiB come with their status", async () => {
  const value = new Uint8Array(2_000_000).fill(7);
  const any = [0x12, 0x80 | value.length & 127, 0x80 | value.length >> 7 & 127]
    .concat(value.length >> 14);
  const length = value.length + any.length;
  const status = Uint8Array.from([
    ...[0x1a, 0x80 | length & 127, 0x80 | length >> 7 & 127, length >> 14],
    ...any,
    ...value,
  ]);
  const text = Array.from(status, (byte) => String.fromCharCode(byte)).join("");
  const error = await failure((stream) =>
    stream.end([
      ...HEAD,
      ["grpc-status", "2"],
      ["grpc-status-details-bin", btoa(text)],
    ])
  );
  assertEquals(error.details.length, 1);
  assertEquals(error.details[0]?.value.length, value.length);
  assertEquals([error.message, error.cause], ["", undefined]);
});

Deno.test("details that can't be read do not hide the status", async () => {
  for (
    const wrong of [
      "*", // no base64
      btoa("\x1a\x05\x0a"), // cut off in a detail
      btoa("\x1a\x02\x0a\x09"), // cut off in the type
      btoa("\x08"), // cut off in a number
      btoa("\x08" + "\xff".repeat(10) + "\x01"), // a number without an end
      btoa("\x09\0\0\0"), // cut off in 64 bits
      btoa("\x0d\0"), // cut off in 32 bits
      btoa("\x0f"), // no known kind
      btoa("\x02\0"), // no number
    ]
  ) {
    const error = await failure((stream) =>
      stream.end([
        ...HEAD,
        ["grpc-status", "5"],
        ["grpc-message", "gone"],
        ["grpc-status-details-bin", wrong],
      ])
    );
    assertEquals([error.code, error.message, error.details], [5, "gone", []]);
    assert(error.cause instanceof Error);
  }
  // Fields of no interest, of each kind, are read over.
  const error = await failure((stream) =>
    stream.end([
      ...HEAD,
      ["grpc-status", "5"],
      [
        "grpc-status-details-bin",
        btoa(
          "\x09" + "\0".repeat(8) + "\x0d\0\0\0\0\x18\x01" +
            "\x1a\x08\x08\xff\xff\x01\x12\x02hi",
        ),
      ],
    ])
  );
  assertEquals(error.cause, undefined);
  assertEquals(error.details, [{
    typeUrl: "",
    value: new TextEncoder().encode("hi"),
  }]);
});

Deno.test("a call that ends without a status that is one is UNKNOWN", async () => {
  for (const status of [undefined, "", "17", "-1", "01", "x"]) {
    const error = await failure((stream) => {
      stream.respond(HEAD);
      stream.end(
        status === undefined ? [["a", "b"]] : [
          ["a", "b"],
          ["grpc-status", status],
        ],
      );
    });
    assertEquals([error.code, error.metadata], [2, [["a", "b"]]]);
    assert(error.message.includes("status"), error.message);
  }
  const silent = await failure((stream) => {
    stream.respond(HEAD);
    stream.end();
  });
  assertEquals(silent.message, "The server ended the call without a status");
  for (const code of [1, 9, 10, 16]) {
    const error = await failure((stream) =>
      stream.end([...HEAD, ["grpc-status", String(code)]])
    );
    assertEquals([error.code, error.message], [code, ""]);
  }
});

Deno.test("an answer that is no gRPC is told with its first bytes", async () => {
  const page = `<html>${"x".repeat(10_000)}`;
  const cases: [string, string | undefined, GrpcCode][] = [
    ["404", "application/grpc", GrpcCode.UNIMPLEMENTED],
    ["400", "text/html", GrpcCode.INTERNAL],
    ["401", "text/html", GrpcCode.UNAUTHENTICATED],
    ["403", undefined, GrpcCode.PERMISSION_DENIED],
    ["429", "text/html", GrpcCode.UNAVAILABLE],
    ["502", "text/html", GrpcCode.UNAVAILABLE],
    ["503", "text/html", GrpcCode.UNAVAILABLE],
    ["504", "text/html", GrpcCode.UNAVAILABLE],
    ["500", "text/html", GrpcCode.UNKNOWN],
    ["200", "text/html", GrpcCode.UNKNOWN],
    ["200", "application/grpcish", GrpcCode.UNKNOWN],
    ["200", undefined, GrpcCode.UNKNOWN],
  ];
  for (const [status, type, code] of cases) {
    const error = await failure((stream) => {
      stream.respond([
        [":status", status],
        ...type === undefined ? [] : [["content-type", type] as HeaderField],
      ]);
      stream.write(new TextEncoder().encode(page));
      stream.end();
    });
    assertEquals(error.code, code, `${status} ${type}`);
    assert(error.message.includes(`status ${status}`), error.message);
    assert(error.message.includes(type ?? "no content type"), error.message);
    assert(error.message.includes('"<html>xxx'), error.message);
    assert(error.message.length < 700, error.message);
  }
  const empty = await failure((stream) => stream.end([[":status", "503"]]));
  assert(empty.message.includes("no body"), empty.message);
  const broken = await failure(async (stream) => {
    stream.respond([[":status", "503"]]);
    stream.write(new TextEncoder().encode("half"));
    await new Promise((resolve) => setTimeout(resolve));
    stream.reset();
  });
  assert(broken.message.includes('"half"'), broken.message);
  for (const type of ["application/grpc+proto", "application/grpc;a=b"]) {
    const { code } = await failure((stream) =>
      stream.end([
        [":status", "200"],
        ["content-type", type],
        ["grpc-status", "9"],
      ])
    );
    assertEquals(code, 9);
  }
});

Deno.test("the first bytes of an answer that is no gRPC are not waited for longer than a second", async () => {
  await using scripted = new Scripted((stream) => {
    stream.respond([[":status", "503"]]);
    stream.write(new TextEncoder().encode("slow"));
  });
  const error = await assertRejects(
    () => scripted.client.unary(method("X"), NOTHING),
    GrpcError,
    '"slow"',
  );
  assertEquals(error.code, GrpcCode.UNAVAILABLE);
  await until(
    () => scripted.streams[0]!.signal.aborted,
    "the stream is given up",
  );
});

Deno.test("messages that can't be taken end the call, and the server hears it", async () => {
  const prefix = (length: number, flag = 0) =>
    Uint8Array.of(flag, length >>> 24, length >>> 16, length >>> 8, length);
  const cases: [string, Uint8Array, number][] = [
    ["compressed", prefix(0, 1), GrpcCode.UNIMPLEMENTED],
    ["of 101 bytes, at most 100", prefix(101), GrpcCode.RESOURCE_EXHAUSTED],
  ];
  for (const [what, bytes, code] of cases) {
    let stream!: Http2Stream;
    const error = await failure((opened) => {
      stream = opened;
      stream.respond(HEAD);
      stream.write(bytes);
    }, { maxMessageBytes: 100 });
    assertEquals(error.code, code);
    assert(error.message.includes(what), error.message);
    await until(() => stream.signal.aborted, "the server is told");
  }
  const long = await failure((stream) => {
    stream.respond(HEAD);
    stream.write(prefix(16 * 1024 * 1024 + 1));
  });
  assertEquals(long.code, GrpcCode.RESOURCE_EXHAUSTED);
  const cut = await failure((stream) => {
    stream.respond(HEAD);
    stream.write(prefix(5));
    stream.end([["grpc-status", "0"]]);
  });
  assertEquals([cut.code, cut.message], [
    GrpcCode.INTERNAL,
    "message cut off",
  ]);
});

Deno.test("an answer of none or two messages is no answer of a unary call", async () => {
  for (const count of [0, 2]) {
    const error = await failure((stream) => {
      stream.respond(HEAD);
      for (let i = 0; i < count; i++) say(stream, NOTHING);
      stream.end([["grpc-status", "0"]]);
    });
    assertEquals(error.code, GrpcCode.INTERNAL);
    assert(
      error.message.includes(count === 0 ? "no message" : "more than one"),
      error.message,
    );
  }
});

Deno.test("an answer that the codec can't read, and a request that it can't write", async () => {
  await using scripted = new Scripted((stream) => {
    stream.respond(HEAD);
    say(stream, NOTHING);
  });
  const broken = new RangeError("no message");
  const fail = () => {
    throw broken;
  };
  const { client } = scripted;
  const bytes = (bytes: Uint8Array) => bytes;
  const error = await assertRejects(
    () =>
      client.unary(
        { path: "/a", codec: { encode: bytes, decode: fail } },
        NOTHING,
      ),
    GrpcError,
    "/a",
  );
  assertEquals([error.code, error.cause], [GrpcCode.INTERNAL, broken]);
  assertEquals(
    await assertRejects(() =>
      client.unary(
        { path: "/a", codec: { encode: fail, decode: bytes } },
        NOTHING,
      )
    ),
    broken,
  );
  await until(
    () => scripted.streams.every((stream) => stream.signal.aborted),
    "both are given up",
  );
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
