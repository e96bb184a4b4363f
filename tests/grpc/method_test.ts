/** A method with one message in each direction, called by hand. */
import type { GrpcServerCall } from "../../lib/grpc/call.ts";
import { type GrpcMethod, unary } from "../../lib/grpc/method.ts";
import { turn } from "../../lib/streams/turn.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { until } from "../support/until.ts";

const codec = {
  decode: (bytes: Uint8Array) => [...bytes],
  encode: (numbers: number[]) => Uint8Array.from(numbers),
};

/** A call with one request, or none, which a test lets write. */
function callWith(request: Uint8Array | null) {
  const written: Uint8Array[] = [];
  const room = Promise.withResolvers<void>();
  const call = {
    read: () => Promise.resolve(request),
    write: (bytes: Uint8Array) => {
      written.push(bytes);
      return room.promise;
    },
  } as unknown as GrpcServerCall;
  return { call, written, room };
}

function reverse(load: () => Promise<typeof codec> | typeof codec): GrpcMethod {
  return unary("/test.Test/Reverse", load, async (numbers) => {
    await turn();
    return numbers.toReversed();
  });
}

Deno.test("unary() answers one message with one, and is over when that has gone", async () => {
  for (
    const [request, expected] of [
      [Uint8Array.of(1, 2, 3), Uint8Array.of(3, 2, 1)],
      [new Uint8Array(), new Uint8Array()],
      // A call without a message has one without fields.
      [null, new Uint8Array()],
    ] as const
  ) {
    for (const load of [() => codec, () => Promise.resolve(codec)]) {
      const { call, written, room } = callWith(request);
      let isOver = false;
      const handled = reverse(load).handle(call).then(() => isOver = true);
      await until(() => written.length > 0, "the answer is written");
      await turn();
      assertEquals([written, isOver], [[expected], false]);
      room.resolve();
      await handled;
      assert(isOver);
    }
  }
});

Deno.test("unary() fails with what its codec or its answer throws, and takes no more than 64 KiB", async () => {
  const broken = new RangeError("no message");
  const method = unary("/x", () => ({
    ...codec,
    decode: () => {
      throw broken;
    },
  }), () => []);
  assertEquals([method.path, method.maxRequestBytes], ["/x", 65_536]);
  const { call, written } = callWith(null);
  assertEquals(await assertRejects(() => method.handle(call)), broken);
  assertEquals(written, []);
});
