import { assert, assertEquals } from "../support/assert.ts";
import { ByteStream } from "../../lib/streams/byte_stream.ts";

function* numbers(count: number, size: number): Generator<Uint8Array> {
  const bytes = Uint8Array.from({ length: count }, (_, at) => at % 251);
  for (let at = 0; at < count; at += size) yield bytes.subarray(at, at + size);
}

function streamOf(chunks: Iterable<Uint8Array>): ByteStream {
  const iterator = chunks[Symbol.iterator]();
  return new ByteStream(() =>
    Promise.resolve(iterator.next().value as Uint8Array ?? null)
  );
}

Deno.test("ByteStream gives pieces of any length, whatever pieces they come in", async () => {
  const all = Uint8Array.from({ length: 20_000 }, (_, at) => at % 251);
  for (const size of [1, 7, 4096, 30_000]) {
    const stream = streamOf(numbers(20_000, size));
    assertEquals(await stream.peek(9), all.subarray(0, 9));
    let at = 0;
    for (const length of [0, 1, 10_000, 3, 5000]) {
      assertEquals(await stream.take(length), all.subarray(at, at + length));
      at += length;
    }
    assertEquals(await stream.take(30_000), all.subarray(at));
    assertEquals(await stream.take(1), new Uint8Array(0));
    assertEquals(await stream.read(), null);
  }
});

Deno.test("ByteStream takes room for what comes, and not for what is asked for", async () => {
  const stream = streamOf(numbers(5000, 10));
  const taken = await stream.take(2 ** 30);
  assertEquals(taken.length, 5000);
  assert(taken.buffer.byteLength < 64 * 1024, `${taken.buffer.byteLength}`);
});

Deno.test("ByteStream gives the rest as a web stream, and reads nothing ahead", async () => {
  let reads = 0;
  const stream = new ByteStream(() => {
    reads++;
    return Promise.resolve(Uint8Array.of(reads));
  });
  assertEquals(await stream.peek(1), Uint8Array.of(1));
  let reason: unknown;
  const rest = stream.stream((why) => {
    reason = why;
  }).getReader();
  assertEquals((await rest.read()).value, Uint8Array.of(1));
  assertEquals((await rest.read()).value, Uint8Array.of(2));
  assertEquals(reads, 2);
  await rest.cancel("enough");
  assertEquals(reason, "enough");
});

Deno.test("ByteStream reads files and connections to the end that each tells", async () => {
  for (const end of [0, null]) {
    const counts = [2, 1, end];
    const stream = ByteStream.reading({
      read(buffer) {
        buffer.fill(7);
        return Promise.resolve(counts.shift()!);
      },
    });
    assertEquals(await stream.take(10), Uint8Array.of(7, 7, 7));
    assertEquals(counts, []);
  }
});
