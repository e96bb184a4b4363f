import { Readable } from "node:stream";
import {
  hintFor,
  isStream,
  noBytes,
  openTar,
  streamOf,
} from "../../lib/streams/byte_source.ts";
import { concatBytes } from "../../lib/streams/bytes.ts";
import { inSlices, Slice } from "../../lib/streams/slices.ts";
import { turn } from "../../lib/streams/turn.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { withFreshTurns } from "../support/turns.ts";

const encoder = new TextEncoder();

async function* slowly(parts: readonly Uint8Array[]) {
  for (const part of parts) yield await Promise.resolve(part);
}

async function all(stream: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
  return await Array.fromAsync(stream);
}

Deno.test("streamOf() gives bytes in memory in pieces of 256 KiB, as they are asked for", async () => {
  const piece = 256 * 1024;
  for (
    const [length, pieces] of [
      [0, []],
      [1, [1]],
      [piece, [piece]],
      [piece + 1, [piece, 1]],
      [3 * piece, [piece, piece, piece]],
    ] as const
  ) {
    const bytes = new Uint8Array(length).map((_, at) => at % 251);
    const parts = await all(streamOf(bytes)!);
    assertEquals(parts.map(({ length }) => length), [...pieces]);
    let at = 0;
    for (const part of parts) {
      assert(part.buffer === bytes.buffer && part.byteOffset === at);
      at += part.length;
    }
  }
});

Deno.test("streamOf() knows the forms that programs have bytes in", async () => {
  const bytes = encoder.encode("words");
  const stream = new ReadableStream<Uint8Array>();
  assert(streamOf(stream) === stream);
  const lists = [[bytes], [bytes, bytes]];
  for (const list of lists) {
    for (const given of [slowly(list), Readable.from(list)]) {
      assertEquals(
        (await all(streamOf(given)!)).map((part) => new Uint8Array(part)),
        list,
      );
    }
  }
  assertEquals(await all(streamOf(new Blob([bytes]))!), [bytes]);
  for (const none of [undefined, null, 7, "text", {}, [bytes], () => {}]) {
    assertEquals(streamOf(none), undefined);
    assert(!isStream(none));
  }
  // A function is no iterable, whatever it has.
  const odd = Object.assign(() => {}, { [Symbol.asyncIterator]: () => {} });
  assertEquals(streamOf(odd), undefined);
});

Deno.test("a stream of an iterable asks for no more than is read, and gives it back", async () => {
  const told: string[] = [];
  const iterable = () => ({
    [Symbol.asyncIterator]() {
      told.push("begun");
      return {
        next: () => {
          told.push("next");
          return Promise.resolve({ done: false, value: encoder.encode("x") });
        },
        return: async () => {
          await turn();
          told.push("returned");
          return { done: true as const, value: undefined };
        },
      };
    },
  });
  const stream = streamOf(iterable() as AsyncIterable<Uint8Array>)!;
  assertEquals(told, []);
  const reader = stream.getReader();
  await reader.read();
  assertEquals(told, ["begun", "next"]);
  await reader.cancel();
  assertEquals(told, ["begun", "next", "returned"]);
  told.length = 0;
  await streamOf(iterable() as AsyncIterable<Uint8Array>)!.cancel();
  assertEquals(told, ["begun", "returned"]);
  // A Readable is destroyed, also if nobody read it; and its error is no crash.
  const readable = Readable.from([encoder.encode("x")]);
  await streamOf(readable)!.cancel();
  assert(readable.destroyed);
  const broken = new Readable({
    read() {
      this.destroy(new Error("no file"));
    },
  });
  const opened = streamOf(broken)!;
  const closed = new Promise((done) => broken.on("close", done));
  broken.read();
  await closed;
  await assertRejects(() => all(opened), Error, "no file");
  // One without a way to be given back.
  const plain = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: true as const, value: undefined }),
    }),
  };
  await streamOf(plain)!.cancel();
  assertEquals(await all(streamOf(plain)!), []);
});

Deno.test("hintFor() says what to do with what is no source of bytes", () => {
  const { readable, writable } = new TransformStream();
  const old = { pipe() {} };
  for (
    const [given, words] of [
      [undefined, "it is undefined: the variable was never set"],
      [null, "it is null: the variable was never set"],
      [7, "it is a number"],
      ["text", "it is a string"],
      [() => {}, "it is a function"],
      [Promise.resolve(), "it is a Promise: await it first"],
      [new Response(), "as in (await fetch(url)).body"],
      [new Request("http://a.example"), "as in request.body"],
      [new ArrayBuffer(1), "as in new Uint8Array(buffer)"],
      [new SharedArrayBuffer(1), "as in new Uint8Array(buffer)"],
      [new DataView(new ArrayBuffer(1)), "view.byteOffset, view.byteLength"],
      [new Uint16Array(1), "view.byteOffset, view.byteLength"],
      [{ readable, writable }, "as in file.readable"],
      [writable, "give the side that is read from"],
      [old, "as in new Readable().wrap(stream)"],
      [new Map(), "files are given as { files: Object.fromEntries(map) }"],
      [[new Uint8Array(1)], "as in ReadableStream.from(chunks)"],
      [new Set(), "as in ReadableStream.from(chunks)"],
      [{}, undefined],
      [{ then: 7 }, undefined],
      [{ readable: 7 }, undefined],
    ] as const
  ) {
    const hint = hintFor(given);
    assertEquals(hint === undefined, words === undefined);
    if (words !== undefined) assert(hint!.includes(words), hint!);
    const error = assertThrows(
      () => openTar("load images", given),
      TypeError,
      "Cannot load images: expected a tar as a stream of its bytes",
    );
    assert(
      error.message.endsWith(
        `(await Deno.open(path)).readable${
          hint === undefined ? "" : `; ${hint}`
        }`,
      ),
      error.message,
    );
  }
  const stream = new ReadableStream<Uint8Array>();
  assert(openTar("x", stream) === stream);
  assert(noBytes("text").startsWith("gave text, and not bytes"));
  assert(noBytes(7).startsWith("gave something else than bytes"));
});

Deno.test("concatBytes() puts one behind the other", () => {
  assertEquals(
    concatBytes(Uint8Array.of(1, 2), Uint8Array.of(3)),
    Uint8Array.of(1, 2, 3),
  );
  assertEquals(concatBytes(new Uint8Array(0), new Uint8Array(0)).length, 0);
});

Deno.test("a slice of time is over behind its end, and the next begins with a turn", async () => {
  const { now } = performance;
  let time = 100;
  performance.now = () => time;
  try {
    for (const [ms, given] of [[4, undefined], [7, 7]] as const) {
      time = 100;
      const slice = given === undefined ? new Slice() : new Slice(given);
      assert(!slice.over);
      time = 100 + ms;
      assert(!slice.over);
      time += 0.1;
      assert(slice.over);
      await slice.next();
      assert(!slice.over);
      time += ms + 0.1;
      assert(slice.over);
    }
    // Work in steps gives way when a slice is over, and never before.
    const order: string[] = [];
    const work = function* (ms: number) {
      for (let step = 0; step < 3; step++) {
        time += ms;
        order.push(`step ${step}`);
        yield;
      }
      return "done";
    };
    await withFreshTurns(async () => {
      for (const [ms, between] of [[1, 0], [5, 3]] as const) {
        order.length = 0;
        let turns = 0;
        const { subtle } = crypto;
        const { digest } = subtle;
        subtle.digest = (...given) => {
          turns++;
          return digest.apply(subtle, given);
        };
        try {
          assertEquals(await inSlices(work(ms)), "done");
        } finally {
          subtle.digest = digest;
        }
        assertEquals([ms, turns, order.length], [ms, between, 3]);
      }
    });
  } finally {
    performance.now = now;
  }
});
