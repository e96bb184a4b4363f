import { ByteStream } from "../../lib/streams/byte_stream.ts";
import { readBytes, readText } from "../../lib/streams/read_whole.ts";
import { turn } from "../../lib/streams/turn.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { concat } from "../support/concat.ts";
import { Random } from "../support/random.ts";

const encoder = new TextEncoder();

function streamOf(...pieces: Uint8Array[]): ByteStream {
  return new ByteStream(() => Promise.resolve(pieces.shift() ?? null));
}

async function* slowly(pieces: Uint8Array[], atEnd: () => void) {
  try {
    for (const piece of pieces) {
      await turn();
      yield piece;
    }
  } finally {
    atEnd();
  }
}

async function rest(stream: ByteStream): Promise<Uint8Array> {
  return concat(await Array.fromAsync(stream.chunks()));
}

Deno.test("ByteStream gives every byte once, however it is asked", async () => {
  const random = new Random(6);
  for (let round = 0; round < 300; round++) {
    const bytes = random.bytes(random.below(20_000));
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = random.pick([0, 1, 7, 300, 5000]);
      pieces.push(bytes.slice(at, at + length));
      at += length;
    }
    const stream = streamOf(...pieces);
    let at = 0;
    while (true) {
      const length = random.pick([0, 1, 2, 100, 4096, 4097, 9000]);
      const way = random.below(4);
      const expected = bytes.subarray(at, at + length);
      if (way === 0) {
        assertEquals(await stream.peek(length), expected);
        continue;
      }
      if (way === 1) {
        const got = await stream.take(length);
        assertEquals(got, expected);
        at += got.length;
      } else if (way === 2 && expected.length === length) {
        const part = stream.limited(length, () => new Error("cut"));
        assertEquals(await rest(part), expected);
        assertEquals(await part.read(), null);
        at += length;
      } else {
        const got = await stream.read();
        if (got === null) break;
        assert(got.length > 0);
        assertEquals(got, bytes.subarray(at, at + got.length));
        const back = random.below(got.length + 1);
        stream.unread(got.subarray(got.length - back));
        at += got.length - back;
      }
    }
    assertEquals(at, bytes.length);
    assertEquals([await stream.read(), (await stream.take(5)).length], [
      null,
      0,
    ]);
  }
});

Deno.test("ByteStream reads no further than it is asked, and not behind an end", async () => {
  let asked = 0;
  const pieces = [
    encoder.encode("abc"),
    new Uint8Array(0),
    encoder.encode("d"),
  ];
  const stream = new ByteStream(() => {
    asked++;
    return Promise.resolve(pieces.shift() ?? null);
  });
  assertEquals((await stream.take(0)).length, 0);
  assertEquals(asked, 0);
  assertEquals(await stream.take(2), encoder.encode("ab"));
  assertEquals(await stream.take(1), encoder.encode("c"));
  assertEquals(asked, 1);
  assertEquals(await stream.read(), encoder.encode("d"));
  assertEquals(asked, 3);
  assertEquals(await stream.read(), null);
  assertEquals(await stream.read(), null);
  assertEquals(asked, 4);
  stream.unread(new Uint8Array(0));
  stream.unread(encoder.encode("z"));
  stream.unread(encoder.encode("y"));
  assertEquals(await rest(stream), encoder.encode("yz"));
});

Deno.test("ByteStream's room grows with what comes, and not with what is asked for", async () => {
  const { Uint8Array: Real } = globalThis;
  const made: number[] = [];
  const stream = streamOf(
    new Real(10),
    new Real(4000),
    new Real(200),
    new Real(9000),
  );
  globalThis.Uint8Array = new Proxy(Real, {
    construct(target, args) {
      if (typeof args[0] === "number") made.push(args[0]);
      return Reflect.construct(target, args);
    },
  });
  try {
    await stream.take(1_000_000);
  } finally {
    globalThis.Uint8Array = Real;
  }
  assertEquals(made, [20 + 4096, 2 * 4210, 2 * 13_210]);
});

Deno.test("ByteStream reads from readers, files and iterators", async () => {
  const bytes = encoder.encode("words");
  const web = new Blob([bytes]).stream().getReader();
  assertEquals(await rest(ByteStream.of(web)), bytes);
  async function* parts() {
    yield bytes.subarray(0, 2);
    await turn();
    yield bytes.subarray(2);
  }
  assertEquals(await rest(ByteStream.from(parts())), bytes);
  for (const end of [0, null]) {
    for (const length of [undefined, 2]) {
      const asked: number[] = [];
      let at = 0;
      const file = {
        read(buffer: Uint8Array) {
          asked.push(buffer.length);
          const part = bytes.subarray(at, at + buffer.length);
          buffer.set(part);
          at += part.length;
          return Promise.resolve(part.length === 0 ? end : part.length);
        },
      };
      const stream = length === undefined
        ? ByteStream.reading(file)
        : ByteStream.reading(file, length);
      assertEquals(await rest(stream), bytes);
      assertEquals(
        asked,
        length === undefined ? [65_536, 65_536] : [2, 2, 2, 2],
      );
    }
  }
});

Deno.test("ByteStream's parts are cut, tapped, streamed and passed over", async () => {
  const text = (bytes: Uint8Array | null) =>
    bytes && new TextDecoder().decode(bytes);
  const make = () => streamOf(encoder.encode("abc"), encoder.encode("def"));
  const cut = new Error("cut");
  for (const length of [7, 8, 100]) {
    const part = make().limited(length, () => cut);
    assertEquals(await rest(part).catch((error) => error), cut);
  }
  const whole = make();
  assertEquals(text(await rest(whole.limited(6, () => cut))), "abcdef");
  assertEquals(await whole.read(), null);
  const some = make();
  assertEquals(text(await rest(some.limited(4, () => cut))), "abcd");
  assertEquals(text(await rest(some)), "ef");
  assertEquals(await make().limited(0, () => cut).read(), null);
  const seen: (string | null)[] = [];
  const tapped = make().tapped((bytes) => seen.push(text(bytes)));
  assertEquals(text(await tapped.take(4)), "abcd");
  assertEquals(text(await rest(tapped)), "ef");
  assertEquals(seen, ["abc", "def"]);
  let reason: unknown;
  const cancel = (why: unknown) => void (reason = why);
  const parts = await Array.fromAsync(make().stream(cancel));
  assertEquals(parts.map(text), ["abc", "def"]);
  let asked = 0;
  const lazy = new ByteStream(() => {
    asked++;
    return Promise.resolve(encoder.encode("x"));
  }).stream(cancel);
  await turn();
  assertEquals(asked, 0);
  await lazy.cancel(cut);
  assert(reason === cut);
  const zeros = streamOf(
    new Uint8Array(3),
    Uint8Array.of(0, 0, 5, 0),
    Uint8Array.of(6),
  );
  await zeros.skipZeros();
  assertEquals(await rest(zeros), Uint8Array.of(5, 0, 6));
  const none = streamOf(new Uint8Array(3), new Uint8Array(2));
  await none.skipZeros();
  assertEquals(await none.read(), null);
  const drained = make();
  await drained.drain();
  assertEquals(await drained.read(), null);
});

Deno.test("readBytes() and readText() read all up to their limit, and give back what is longer", async () => {
  const pieces = () => [
    encoder.encode("aé").slice(0, 2),
    encoder.encode("é").slice(1),
    encoder.encode("b"),
  ];
  const tooLong = new Error("too long");
  for (
    const [most, fits] of [[4, true], [5, true], [3, false], [
      0,
      false,
    ]] as const
  ) {
    for (const read of [readBytes, readText]) {
      let ended = false;
      const chunks = slowly(pieces(), () => ended = true);
      const reading = read(chunks, most, () => tooLong);
      if (!fits) {
        assertEquals(await reading.catch((error) => error), tooLong);
      } else {
        const found = await reading;
        assertEquals(
          typeof found === "string" ? found : new TextDecoder().decode(found),
          "aéb",
        );
      }
      assert(ended);
    }
  }
  assertEquals(
    await readText([Uint8Array.of(0x61, 0xc3)], 9, () => tooLong),
    "a\uFFFD",
  );
  assertEquals((await readBytes([], 0, () => tooLong)).length, 0);
  const broken = new Error("broken");
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(broken),
  });
  await assertRejects(
    () => readBytes(stream, 9, () => tooLong),
    Error,
    "broken",
  );
});
