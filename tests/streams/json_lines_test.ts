import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { jsonLines } from "../../lib/streams/json_lines.ts";
import { ConnectionError, ProtocolError } from "../../lib/errors.ts";
import { until, untilQuiet } from "../support/until.ts";

const TEXT = '{"a":"ü€😀"}\r\n\n  \r\n{"b":[1,2]}\n{"c":null}';
const VALUES = [{ a: "ü€😀" }, { b: [1, 2] }, { c: null }];

Deno.test("jsonLines() reads the same from every split of the bytes", async () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let size = 1; size <= bytes.length; size++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      chunks.push(bytes.slice(at, at + size));
    }
    assertEquals(
      await Array.fromAsync(jsonLines(ReadableStream.from(chunks))),
      VALUES,
    );
  }
});

Deno.test("jsonLines() tells a cut from garbage", async () => {
  const read = (...parts: string[]) =>
    Array.fromAsync(
      jsonLines(
        ReadableStream.from(
          parts.map((part) => new TextEncoder().encode(part)),
        ),
      ),
    );
  await assertRejects(
    () => read('{"a":1}\n{"b"'),
    ProtocolError,
    "in the middle of message 2",
  );
  await assertRejects(
    () => read('{"a":1}\nhello\n{"b":1}\n'),
    ProtocolError,
    "Line 2 of the answer (5 characters)",
  );
});

Deno.test("jsonLines() cancels the stream when its reader leaves", async () => {
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("1\n")),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const _ of jsonLines(stream)) break;
  await until(() => cancelled, "the stream is cancelled, through the pipes");
});

Deno.test("jsonLines() pulls no further than its reader", async () => {
  let pulled = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      if (pulled === 1000) return controller.close();
      controller.enqueue(
        new TextEncoder().encode(`{"n":${pulled}}\n`.repeat(10)),
      );
    },
  }, { highWaterMark: 0 });
  const lines = jsonLines(stream);
  await lines.next();
  await untilQuiet(
    () => pulled,
    () => assert(pulled < 20, `pulled ${pulled} times for one line`),
  );
  await lines.return();
});

Deno.test("jsonLines() names a broken connection, and an abort's reason before it", async () => {
  const broken = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new TypeError("reset by peer")),
    });
  await assertRejects(
    () => Array.fromAsync(jsonLines(broken())),
    ConnectionError,
    "broke after 0 messages",
  );
  const reason = new Error("enough");
  const error = await Array.fromAsync(
    jsonLines(broken(), { signal: AbortSignal.abort(reason) }),
  ).catch((error) => error);
  assertEquals(error, reason);
});

Deno.test("jsonLines() ends with the signal's reason, whatever the stream does", async () => {
  const reason = new Error("no more patience");
  const stop = new AbortController();
  const { signal } = stop;
  let cancelled: unknown;
  const silent = new ReadableStream<Uint8Array>({
    cancel(why) {
      cancelled = why;
      return new Promise<void>(() => {}); // and never gets that done
    },
  });
  const reading = Array.fromAsync(jsonLines(silent, { signal }));
  stop.abort(reason);
  assertEquals(await reading.catch((error) => error), reason);
  assertEquals(cancelled, reason);
  // Also what is there already is not read any more.
  const there = ReadableStream.from([new TextEncoder().encode(TEXT)]);
  assertEquals(
    await Array.fromAsync(jsonLines(there, { signal })).catch((error) => error),
    reason,
  );
});
