import { ByteStream } from "../../lib/streams/byte_stream.ts";
import { makeRandom } from "../redact/oracle.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { restOf } from "../verify/pieces.ts";

/** Pieces of random lengths, also of none. */
function pieces(random: () => number, bytes: Uint8Array): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = random() % 6;
    list.push(bytes.slice(at, at + length));
    at += length;
  }
  return list;
}

const sources: ((pieces: Uint8Array[]) => ByteStream)[] = [
  (list) => ByteStream.of(ReadableStream.from(list).getReader()),
  (list) => ByteStream.from(ReadableStream.from(list)),
];

Deno.test("a stream of bytes gives what a plain array gives, whatever is asked for", async () => {
  const random = makeRandom(91);
  for (let round = 0; round < 400; round++) {
    const bytes = Uint8Array.from(
      { length: random() % 40 },
      () => random() % 3 === 0 ? random() : 0,
    );
    const source = sources[round % 2]!(pieces(random, bytes));
    let rest = [...bytes];
    for (let i = 0; i < 12; i++) {
      const length = random() % 9;
      const told = `${round}: ${rest}, ${length}`;
      switch (random() % 6) {
        case 0: {
          const taken = await source.take(length);
          assertEquals([...taken], rest.splice(0, length), told);
          break;
        }
        case 1: {
          const seen = await source.peek(length);
          assertEquals([...seen], rest.slice(0, length), told);
          break;
        }
        case 2: {
          const read = await source.read();
          assertEquals(read === null, rest.length === 0, told);
          assert(read === null || read.length > 0, told);
          assertEquals([...read ?? []], rest.splice(0, read?.length ?? 0));
          break;
        }
        case 3: {
          await source.skipZeros();
          const start = rest.findIndex((byte) => byte !== 0);
          rest = start === -1 ? [] : rest.slice(start);
          break;
        }
        case 4: {
          source.unread(Uint8Array.from({ length }, () => 7));
          rest.unshift(...Array.from({ length }, () => 7));
          break;
        }
        case 5: {
          const failure = new Error("cut");
          const part = source.limited(length, () => failure);
          if (length <= rest.length) {
            assertEquals([...await restOf(part)], rest.splice(0, length), told);
            assertEquals(await part.read(), null);
          } else {
            const caught = await assertRejects(() => restOf(part));
            assertStrictEquals(caught, failure);
            rest = [];
          }
        }
      }
    }
    if (round % 3 === 0) {
      const seen: number[] = [];
      const tapped = source.tapped((bytes) => seen.push(...bytes));
      assertEquals([...await tapped.take(rest.length)], rest);
      await tapped.drain();
      assertEquals(seen, rest);
    } else if (round % 3 === 1) await source.drain();
    else assertEquals([...await restOf(source)], rest);
    assertEquals(await source.read(), null);
    assertEquals((await source.take(3)).length, 0);
  }
});

Deno.test("nothing is read before it is asked for, and no more than that", async () => {
  let read = 0;
  const source = new ByteStream(() =>
    Promise.resolve(++read > 5 ? null : Uint8Array.of(1, 2, 3))
  );
  assertEquals(read, 0);
  assertEquals((await source.take(0)).length, 0);
  assertEquals((await source.peek(0)).length, 0);
  assertEquals(read, 0);
  await source.take(3);
  assertEquals(read, 1);
  await source.peek(4);
  assertEquals(read, 3);
  await source.take(5);
  assertEquals(read, 3);
  const none = source.limited(0, () => new Error("cut"));
  assertEquals(await none.read(), null);
  assertEquals(read, 3);
  await source.drain();
  assertEquals(read, 6);
  // A source that ended is not asked again.
  assertEquals(await source.read(), null);
  assertEquals(read, 6);
});
