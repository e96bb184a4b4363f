/** What a server may answer a call with: statuses, details, what is no gRPC, messages that are none. */
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import { notGrpcError } from "../../lib/grpc/transport_error.ts";
import type { HeaderField } from "../../lib/http2/hpack_table.ts";
import type { Http2Stream } from "../../lib/http2/server.ts";
import { until } from "../support/until.ts";
import { method } from "./calls.ts";
import { failure, HEAD, NOTHING, say, Scripted } from "./scripted.ts";

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
    // Of its own, so that it does not keep the whole status in memory.
    assertEquals(error.details[0]?.value.buffer.byteLength, 2);
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
    const [wrong, words] of [
      ["*", undefined], // no base64
      [btoa("\x1a\x05\x0a"), "cut off"], // in a detail
      [btoa("\x1a\x02\x0a\x09"), "cut off"], // in the type
      [btoa("\x08"), "cut off"], // in a number
      [btoa("\x08\x80"), "cut off"], // in a longer one
      [btoa("\x08" + "\xff".repeat(10) + "\x01"), "too long"],
      [btoa("\x09\0\0\0"), "cut off"], // in 64 bits
      [btoa("\x0d\0"), "cut off"], // in 32 bits
      [btoa("\x0f"), "not known"],
      [btoa("\x02\0"), "no number"],
    ] as const
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
    assert(error.cause.message.includes(words ?? ""), error.cause.message);
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
    assertEquals([error.details, error.cause], [[], undefined]);
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
    const [, shown] = /begins with (".*")$/.exec(error.message)!;
    assertEquals(JSON.parse(shown!).length, 512);
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

Deno.test("of an answer that is no gRPC no more is read than is shown", async () => {
  const chunks = ["x".repeat(509), "é€"].map((text) =>
    new TextEncoder().encode(text)
  );
  // A character that comes in two pieces is whole.
  const pieces = [
    chunks[0]!,
    chunks[1]!.subarray(0, 1),
    chunks[1]!.subarray(1),
  ];
  let reads = 0;
  const read = () => Promise.resolve(pieces[reads++] ?? new Uint8Array(1));
  const error = await notGrpcError("500", undefined, read);
  assert(error.message.endsWith('xé€\\u0000"'), error.message);
  assertEquals(reads, 4);
  let asked = 0;
  const whole = await notGrpcError("500", undefined, () => {
    if (asked++ === 0) return Promise.resolve(new Uint8Array(512).fill(120));
    return new Promise(() => {});
  });
  assert(whole.message.endsWith('xxx"'), whole.message);
  assertEquals(asked, 1);
  // What is no end of the stream is a fault of this side.
  const fault = new Error("a fault");
  assertEquals(
    await assertRejects(() =>
      notGrpcError("500", undefined, () => Promise.reject(fault))
    ),
    fault,
  );
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
