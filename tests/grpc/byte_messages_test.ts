/** A connection inside a call: bytes, its ends, and a session in it. */
import { assertEquals, assertRejects } from "../support/assert.ts";
import { bytesDuplex } from "../../lib/grpc/byte_messages.ts";
import { connectGrpc, type GrpcClient } from "../../lib/grpc/client.ts";
import type { GrpcClientCall } from "../../lib/grpc/client_call.ts";
import type { GrpcCall } from "../../lib/grpc/call.ts";
import {
  firstFieldPrefix,
  protobufFields,
} from "../support/protobuf_fields.ts";
import { ProtobufError } from "../../lib/proto/wire_reader.ts";
import { serveGrpc } from "../../lib/grpc/server.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import { turn } from "../../lib/streams/turn.ts";
import { concat } from "../support/concat.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { until } from "../support/until.ts";
import { method } from "./calls.ts";

const PATH = "/test.Test/Tunnel";
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** A client of a server with one method, and the messages that this got. */
async function tunnel(
  handle: (call: GrpcCall) => Promise<void>,
): Promise<AsyncDisposable & { client: GrpcClient; duplex: ByteDuplex }> {
  const [ours, theirs] = duplexPair();
  const server = serveGrpc(theirs, [{
    path: PATH,
    maxRequestBytes: MAX_MESSAGE_BYTES,
    handle,
  }]);
  const client = connectGrpc(ours);
  return {
    client,
    duplex: bytesDuplex(await client.open(PATH)),
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.close();
    },
  };
}

Deno.test("bytesDuplex() sends pieces of at most 1 MiB as field 1, and ends with close()", async () => {
  const got: Uint8Array[] = [];
  await using one = await tunnel(async (call) => {
    for (;;) {
      const message = await call.read();
      if (message === null) return;
      got.push(message.slice());
    }
  });
  const writer = one.duplex.writable.getWriter();
  const long = Uint8Array.from({ length: 2_500_000 }, (_, i) => i * 7 >> 3);
  for (const length of [1, 127, 128, 16_383, 16_384]) {
    await writer.write(long.subarray(0, length));
  }
  await writer.write(new Uint8Array());
  await writer.write(long);
  await writer.close();
  assertEquals(await Array.fromAsync(one.duplex.readable), []);
  const prefixes = [
    [10, 1],
    [10, 127],
    [10, 128, 1],
    [10, 255, 127],
    [10, 128, 128, 1],
    [10, 128, 128, 64],
    [10, 128, 128, 64],
  ];
  assertEquals(
    got.slice(0, 7).map((message, i) => [
      ...message.subarray(0, prefixes[i]!.length),
    ]),
    prefixes,
  );
  assertEquals(
    concat(got.slice(5).map((message) => message.subarray(4))),
    long,
  );
});

Deno.test("bytesDuplex() sends a piece when the one before has gone", async () => {
  const sent: number[] = [];
  const gates: (() => void)[] = [];
  const { writable } = bytesDuplex({
    write: (...parts: Uint8Array[]) => {
      sent.push(parts.at(-1)!.length);
      return new Promise<void>((resolve) => gates.push(resolve));
    },
  } as GrpcClientCall);
  const written = writable.getWriter().write(new Uint8Array(1024 * 1024 + 9));
  await until(() => sent.length > 0, "the first piece");
  await turn();
  assertEquals(sent, [1024 * 1024]);
  gates.shift()!();
  await until(() => sent.length > 1, "the second piece");
  assertEquals(sent, [1024 * 1024, 9]);
  gates.shift()!();
  await written;
});

Deno.test("bytesDuplex() reads messages of nothing but bytes, whatever else stands in them", async () => {
  await using one = await tunnel(async (call) => {
    await call.write();
    await call.write(Uint8Array.of(10, 0));
    await call.write(Uint8Array.of(10, 2, 1, 2));
    // Unknown fields, and the last of two.
    await call.write(Uint8Array.of(16, 5, 10, 1, 9, 8, 7, 10, 1, 3));
    await call.write(Uint8Array.of(10, 1, 6, 18, 1, 7));
    await call.write(firstFieldPrefix(300), new Uint8Array(300).fill(4));
  });
  const chunks = await Array.fromAsync(one.duplex.readable);
  assertEquals(chunks, [
    Uint8Array.of(1, 2),
    Uint8Array.of(3),
    Uint8Array.of(6),
    new Uint8Array(300).fill(4),
  ]);
});

Deno.test("bytesDuplex() fails with its call, and what is no message fails it", async () => {
  await using one = await tunnel(() =>
    Promise.reject(new GrpcError(GrpcCode.NOT_FOUND, "no session"))
  );
  await assertRejects(
    () => one.duplex.readable.getReader().read(),
    GrpcError,
    "no session",
  );
  await using other = await tunnel(async (call) => {
    await call.write(Uint8Array.of(10, 5));
  });
  await assertRejects(
    () => other.duplex.readable.getReader().read(),
    ProtobufError,
  );
});

Deno.test("bytesDuplex() gives its call up when either stream or both are dropped", async () => {
  const drops: Record<string, (duplex: ByteDuplex) => unknown> = {
    "cancelled": (duplex) => duplex.readable.cancel(),
    "aborted": (duplex) => duplex.writable.abort(),
    "closed": (duplex) => duplex.close?.(),
  };
  for (const [how, drop] of Object.entries(drops)) {
    const gone = Promise.withResolvers<void>();
    await using one = await tunnel((call) => {
      call.signal.addEventListener("abort", () => gone.resolve());
      return gone.promise;
    });
    await drop(one.duplex);
    await gone.promise;
    assertEquals(one.client.calls, 0, how);
  }
});

Deno.test("a session in a call is served like any other", async () => {
  // Who calls is the server inside; who answers is the client inside.
  const done = Promise.withResolvers<string>();
  await using one = await tunnel(async (call) => {
    const inner = connectGrpc(serverDuplex(call));
    const answer = await inner.unary(
      method("Reverse"),
      Uint8Array.from({ length: 100_000 }, (_, i) => i),
    );
    done.resolve(`${answer.length} ${answer[0]} ${answer[99_999]}`);
    await inner.close();
  });
  const inside = serveGrpc(one.duplex, [{
    path: "/test.Test/Reverse",
    maxRequestBytes: 1_000_000,
    async handle(call) {
      await call.write((await call.read())!.toReversed());
    },
  }]);
  assertEquals(await done.promise, "100000 159 0");
  await inside.closed;
  await until(() => one.client.calls === 0, "the call is over");
});

/** The other side of a tunnel: what `bytesDuplex()` is for a call that we answer. */
function serverDuplex(call: GrpcCall): ByteDuplex {
  return {
    readable: new ReadableStream({
      async pull(controller) {
        const message = await call.read();
        if (message === null) return controller.close();
        for (const [, value] of protobufFields(message)) {
          controller.enqueue(value as Uint8Array);
        }
      },
    }),
    writable: new WritableStream({
      write: async (chunk) =>
        await call.write(firstFieldPrefix(chunk.length), chunk),
    }),
  };
}
