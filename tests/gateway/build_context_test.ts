import { buildContext } from "../../lib/gateway/build_context.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import type { RequestBody } from "../../lib/gateway/request_body.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { tarBytes } from "../support/tar.ts";
import { until } from "../support/until.ts";

/** A body of these pieces, and how much of it was read. */
function bodyOf(...pieces: (Uint8Array | Error)[]) {
  const state = { read: 0 };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else if (piece instanceof Error) controller.error(piece);
      else {
        state.read++;
        controller.enqueue(piece);
      }
    },
  }, { highWaterMark: 0 });
  return { state, stream, body: { stream } as unknown as RequestBody };
}

const bytesOf = (stream: ReadableStream<Uint8Array> | null) =>
  new Response(stream as BodyInit).bytes();
const unexpected = (why: unknown) => {
  throw why;
};

Deno.test("a build without a body has no context", async () => {
  const body = { stream: null } as unknown as RequestBody;
  assertEquals(await buildContext(body, [], true, unexpected), null);
  assertEquals(await buildContext(body, [], false, unexpected), null);
});

Deno.test("a body beside a remote is refused, unless there are no bytes in it", async () => {
  const remote = [["t", ""], ["remote", "https://a.example/b.git"]] as const;
  const empty = bodyOf(new Uint8Array(0), new Uint8Array(0));
  assertEquals(await buildContext(empty.body, remote, true, unexpected), null);
  assertEquals(empty.state.read, 2);
  for (const bytes of [1, 2]) {
    const full = bodyOf(new Uint8Array(0), new Uint8Array(bytes));
    const { status } = await assertRejects(
      () => buildContext(full.body, remote, true, unexpected),
      Refusal,
      "a build from a remote has a body",
    );
    assertEquals(status, 400);
  }
});

Deno.test("BuildKit gets the body as it is", async () => {
  for (const query of [[], [["remote", ""]], [["t", "a"]]] as const) {
    const { body, stream, state } = bodyOf(new Uint8Array(3));
    assertStrictEquals(
      await buildContext(body, query, true, unexpected),
      stream,
    );
    assertEquals(state.read, 0);
  }
});

Deno.test("the classic builder gets a tar up to its end, and what is behind it is read", async () => {
  const tar = await tarBytes({ Dockerfile: "FROM scratch\n" });
  const { body, state } = bodyOf(
    tar,
    new Uint8Array(10_000),
    new Uint8Array(10_000),
  );
  const context = await buildContext(body, [], false, unexpected);
  assertEquals((await bytesOf(context)).length, tar.length);
  await until(() => state.read === 3, "all of it is read");
});

Deno.test("a context in a packing that is damaged, or unknown, is refused; what breaks is told as it is", async () => {
  const packed = await bytesOf(
    new Blob([await tarBytes({ Dockerfile: "FROM scratch\n" })]).stream()
      .pipeThrough(new CompressionStream("gzip")),
  );
  const damaged = packed.slice();
  damaged.fill(0xff, 12);
  const gone = new TypeError("the client is gone");
  for (
    const [pieces, status] of [
      [[damaged], 400],
      [[new TextEncoder().encode("BZh91AY&SY")], 415],
      [[packed.subarray(0, 20), gone], undefined],
    ] as const
  ) {
    const failures: unknown[] = [];
    const { body } = bodyOf(...pieces);
    const context = await buildContext(
      body,
      [],
      false,
      (why) => failures.push(why),
    );
    await bytesOf(context).catch(() => {}); // it is told of
    await until(() => failures.length > 0, "the failure is told");
    const [failure] = failures;
    assertEquals(failures.length, 1);
    if (status === undefined) assertStrictEquals(failure, gone);
    else {
      assert(failure instanceof Refusal);
      assertEquals(failure.status, status);
      assert(failure.message.startsWith("davit gateway: "), failure.message);
    }
  }
});
