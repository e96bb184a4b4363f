import {
  encodeFrame,
  encodeRstStream,
  FrameType,
} from "../../lib/http2/frame.ts";
import { FrameReader } from "../../lib/http2/frame_reader.ts";
import { Output } from "../../lib/http2/output.ts";
import { turn } from "../../lib/streams/turn.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { concat } from "../support/concat.ts";
import { Random } from "../support/random.ts";

/** An output, whose writes a test lets through one by one. */
function outputOf(fails?: Error) {
  const writes: Uint8Array[] = [];
  const gates: (() => void)[] = [];
  let rooms = 0;
  const errors: unknown[] = [];
  const writer = new WritableStream<Uint8Array>({
    write(bytes) {
      if (fails !== undefined) throw fails;
      writes.push(bytes.slice());
      return new Promise<void>((done) => gates.push(done));
    },
  }).getWriter();
  writer.closed.catch(() => {}); // told by the writes
  const output: Output = new Output(
    writer,
    () => rooms++,
    (error) => errors.push(error),
  );
  return { output, writes, gates, errors, rooms: () => rooms };
}

/** What a batch holds: type, flags, stream and length of each frame, and all of DATA. */
function framesOf(writes: Uint8Array[]): { frames: string[]; data: number[] } {
  const frames: string[] = [];
  const data: number[] = [];
  const reader = new FrameReader(
    ({ type, flags, streamId, bytes, start, end }) => {
      frames.push(`${type} ${flags} ${streamId} ${end - start}`);
      if (type === FrameType.DATA) data.push(...bytes.subarray(start, end));
    },
  );
  for (const bytes of writes) reader.push(bytes, 0);
  return { frames, data };
}

const bytesOf = (length: number, seed = 0) =>
  new Uint8Array(length).map((_, at) => (at * 7 + seed) % 251);

/** Lets all writes through, one after the other. */
async function drain(
  { output, gates }: Pick<ReturnType<typeof outputOf>, "output" | "gates">,
): Promise<void> {
  const drained = output.drained();
  let isOver = false;
  drained.then(() => isOver = true);
  while (!isOver) {
    await turn();
    gates.shift()?.();
  }
}

Deno.test("Output joins DATA of one stream into frames of 16 KiB, and of 128 KiB at most waits", async () => {
  const wire = outputOf();
  const { output, writes } = wire;
  const small = bytesOf(100);
  for (let count = 0; count < 5; count++) {
    assertEquals(output.data(1, small, 0, 100), 100);
  }
  assertEquals(output.data(3, small, 10, 20), 10);
  assertEquals(output.data(3, bytesOf(16_384), 0, 16_384), 16_384);
  assertEquals(output.data(3, small, 20, 21), 1);
  assertEquals(output.data(3, small, 21, 30), 9);
  assertEquals(output.data(1, small, 0, 1), 1);
  assertEquals(writes, []);
  await drain(wire);
  const { frames, data } = framesOf(writes);
  assertEquals(frames, [
    "0 0 1 500",
    "0 0 3 16384",
    "0 0 3 20",
    "0 0 1 1",
  ]);
  assertEquals(data.slice(500 + 16_394, 500 + 16_404), [
    ...small.subarray(20, 30),
  ]);
  assertEquals(data.slice(0, 100), [...small]);
  assertEquals(data.slice(500, 510), [...small.subarray(10, 20)]);
  writes.length = 0;
  assertEquals(output.data(7, small, 1, 100), 99);
  await drain(wire);
  assertEquals(framesOf(writes).data, [...small.subarray(1)]);
  // What there is room for, and no more: 128 KiB with the frames' heads.
  writes.length = 0;
  const much = bytesOf(200_000);
  const taken = output.data(5, much, 0, much.length);
  assertEquals(taken, 128 * 1024 - 8 * 9);
  assertEquals(output.hasRoom, false);
  assertEquals(output.data(5, much, 0, 10), 0);
  assertEquals(output.waiting, 128 * 1024);
  assertEquals(output.answerBacklog, 0);
  await drain(wire);
  const large = framesOf(writes);
  assertEquals(large.frames.length, 8);
  assertEquals(large.frames.slice(0, 7), Array(7).fill("0 0 5 16384"));
  assert(large.data.every((byte, at) => byte === much[at]));
  assertEquals(large.data.length, taken);
  assert(output.hasRoom);
});

Deno.test("Output cuts no DATA shorter than 1 KiB, but at an end", async () => {
  const batch = 128 * 1024;
  for (
    const [left, fits] of [
      [1032, false],
      [1033, true],
      [1034, true],
      [9, false],
    ] as const
  ) {
    const wire = outputOf();
    const { output } = wire;
    // A frame that is no DATA, of so many bytes that `left` are left.
    output.frame(encodeFrame(99, 0, 1, new Uint8Array(batch - left - 9)));
    assertEquals([left, output.hasRoom], [left, fits]);
    assertEquals(output.answerBacklog, batch - left);
    const taken = output.data(1, bytesOf(5000), 0, 5000);
    assertEquals([left, taken], [left, fits ? left - 9 : 0]);
    // The end of what there is may be short.
    const short = output.data(3, bytesOf(5), 0, 5);
    assertEquals([left, short], [left, fits || left < 14 ? 0 : 5]);
    await drain(wire);
  }
});

Deno.test("Output keeps the order of frames, and lets urgent ones go ahead", async () => {
  const wire = outputOf();
  const { output, writes } = wire;
  output.data(1, bytesOf(10), 0, 10);
  output.frame(encodeRstStream(3, 8));
  output.data(1, bytesOf(10), 0, 10);
  output.reset(5, 2);
  output.end(7);
  output.urgent(encodeFrame(6, 1, 0, new Uint8Array(8)));
  output.urgent(encodeFrame(4, 1, 0, new Uint8Array(0)));
  assertEquals(output.waiting, 19 + 13 + 19 + 13 + 9 + 17 + 9);
  assertEquals(output.answerBacklog, 13 + 13 + 9 + 17 + 9);
  await drain(wire);
  assertEquals(writes.length, 1);
  assertEquals(framesOf(writes).frames, [
    "6 1 0 8",
    "4 1 0 0",
    "0 0 1 10",
    "3 0 3 4",
    "0 0 1 10",
    "3 0 5 4",
    "0 1 7 0",
  ]);
  assertEquals([output.waiting, output.answerBacklog], [0, 0]);
  // One alone sets out, of whatever kind.
  for (
    const [send, expected] of [
      [() => output.frame(encodeRstStream(3, 8)), "3 0 3 4"],
      [() => output.urgent(encodeRstStream(5, 8)), "3 0 5 4"],
      [() => output.headers(7, bytesOf(2), false), "1 4 7 2"],
      [() => output.end(9), "0 1 9 0"],
      [() => output.data(11, bytesOf(3), 0, 3), "0 0 11 3"],
    ] as const
  ) {
    writes.length = 0;
    send();
    await drain(wire);
    assertEquals(framesOf(writes).frames, [expected]);
  }
  for (const [more, batches] of [[0, 1], [1, 2]] as const) {
    writes.length = 0;
    output.data(1, bytesOf(10), 0, 10);
    output.urgent(encodeFrame(99, 0, 1, bytesOf(4096 - 9 + more)));
    await drain(wire);
    assertEquals([more, writes.length], [more, batches]);
  }
  // More of them than there is room in front: they are a batch of their own.
  for (const [count, batches] of [[4, 1], [5, 2]] as const) {
    writes.length = 0;
    output.data(1, bytesOf(10), 0, 10);
    for (let index = 0; index < count; index++) {
      output.urgent(encodeFrame(99, 0, index, bytesOf(1015)));
    }
    await drain(wire);
    assertEquals([count, writes.length], [count, batches]);
    assertEquals(framesOf(writes).frames, [
      ...Array.from({ length: count }, (_, index) => `99 0 ${index} 1015`),
      "0 0 1 10",
    ]);
  }
});

Deno.test("Output writes one batch while the next fills, and says when there is room", async () => {
  const wire = outputOf();
  const { output, writes, gates, rooms } = wire;
  await output.drained();
  output.data(1, bytesOf(10), 0, 10);
  await turn();
  assertEquals([writes.length, rooms(), output.waiting], [1, 1, 0]);
  output.data(1, bytesOf(10, 1), 0, 10);
  output.data(1, bytesOf(10, 2), 0, 10);
  await turn();
  assertEquals([writes.length, output.waiting], [1, 29]);
  let isDrained = false;
  const drained = output.drained().then(() => isDrained = true);
  gates.shift()!();
  await turn();
  assertEquals([writes.length, rooms(), isDrained], [2, 2, false]);
  // The bytes of a batch are not those of the next, which is filled meanwhile.
  output.data(1, bytesOf(10, 3), 0, 10);
  gates.shift()!();
  await turn();
  gates.shift()!();
  await drained;
  assertEquals(framesOf(writes).data, [
    ...[0, 1, 2, 3].flatMap((seed) => [...bytesOf(10, seed)]),
  ]);
});

Deno.test("Output uses its two buffers again and again, and none that had to grow", async () => {
  const buffers: ArrayBufferLike[] = [];
  const writer = new WritableStream<Uint8Array>({
    write: ({ buffer }) => void buffers.push(buffer),
  }).getWriter();
  const output: Output = new Output(writer, () => {}, () => {});
  const send = async (length: number) => {
    output.headers(1, bytesOf(length), false);
    await output.drained();
  };
  for (let count = 0; count < 4; count++) await send(10);
  const [a, b] = buffers;
  assert(a !== b);
  assert(buffers[2] === a && buffers[3] === b);
  await send(300_000); // in the place of the first
  await send(10);
  await send(10);
  const [large, second, third] = buffers.slice(4);
  assert(large!.byteLength > 300_000);
  assert(second === b);
  assertEquals(third!.byteLength, a!.byteLength);
});

Deno.test("Output cuts headers into frames, and grows for what is longer than its room", async () => {
  for (
    const [length, lengths] of [
      [0, [0]],
      [1, [1]],
      [16_384, [16_384]],
      [16_385, [16_384, 1]],
      [50_000, [16_384, 16_384, 16_384, 848]],
      [300_000, [...Array(18).fill(16_384), 5088]],
    ] as const
  ) {
    for (const endStream of [true, false]) {
      const wire = outputOf();
      wire.output.headers(9, bytesOf(length), endStream);
      wire.output.data(9, bytesOf(3), 0, 3);
      await drain(wire);
      const { frames } = framesOf(wire.writes);
      const headers = lengths.map((length, index) => {
        const flags = (index === 0 && endStream ? 1 : 0) +
          (index === lengths.length - 1 ? 4 : 0);
        return `${index === 0 ? 1 : 9} ${flags} 9 ${length}`;
      });
      assertEquals(frames.slice(0, lengths.length), headers);
      const last = frames.slice(lengths.length);
      assertEquals(last.length <= 1, true);
      if (length < 100_000) assertEquals(last, ["0 0 9 3"]);
    }
  }
  // Other frames, as many as there are before the first is written.
  const many = outputOf();
  for (let count = 0; count < 20; count++) {
    many.output.frame(encodeFrame(99, 0, count, bytesOf(16_000)));
  }
  await drain(many);
  assertEquals(
    framesOf(many.writes).frames,
    Array.from({ length: 20 }, (_, count) => `99 0 ${count} 16000`),
  );
  // A table that was made smaller is told once, in front of the next block.
  const wire = outputOf();
  wire.output.resetTable();
  wire.output.headers(1, Uint8Array.of(0x88), true);
  wire.output.headers(3, Uint8Array.of(0x89), true);
  await drain(wire);
  const whole = wire.writes[0]!;
  assertEquals([...whole.subarray(9, 11)], [0x20, 0x88]);
  assertEquals(framesOf(wire.writes).frames, ["1 5 1 2", "1 5 3 1"]);
});

Deno.test("Output takes everything and sends nothing once it is stopped, or a write failed", async () => {
  const broken = new Error("broken pipe");
  for (const way of ["stopped", "failed"] as const) {
    const wire = outputOf(way === "failed" ? broken : undefined);
    const { output, writes, errors } = wire;
    output.data(1, bytesOf(10), 0, 10);
    output.urgent(encodeRstStream(1, 1));
    if (way === "stopped") output.stop();
    await output.drained();
    assertEquals(errors, way === "failed" ? [broken] : []);
    assertEquals(output.data(1, bytesOf(500_000), 7, 400_000), 399_993);
    output.frame(encodeRstStream(1, 1));
    output.headers(1, bytesOf(10), true);
    output.end(1);
    output.urgent(encodeRstStream(1, 1));
    await turn();
    assertEquals([output.waiting, writes.length], [0, 0]);
    await output.drained();
  }
});

Deno.test("Output keeps every byte of every stream in its order, whatever comes between", async () => {
  const random = new Random(2);
  for (let round = 0; round < 10; round++) {
    const wire = outputOf();
    const { output, writes } = wire;
    const sent = new Map<number, Uint8Array[]>();
    for (let step = 0; step < 200; step++) {
      const id = 1 + 2 * random.below(3);
      const bytes = random.bytes(random.pick([1, 30, 2000, 17_000, 60_000]));
      const taken = output.data(id, bytes, 0, bytes.length);
      sent.set(id, [...sent.get(id) ?? [], bytes.slice(0, taken)]);
      if (random.below(5) === 0) output.headers(id, bytesOf(50), false);
      if (random.below(9) === 0) output.urgent(encodeRstStream(9, 1));
      if (random.below(3) === 0) {
        await turn();
        wire.gates.shift()?.();
      }
      if (step > 40 && !output.hasRoom) break;
    }
    await drain(wire);
    const got = new Map<number, Uint8Array[]>();
    const reader = new FrameReader(({ type, streamId, bytes, start, end }) => {
      if (type !== FrameType.DATA) return;
      const parts = got.get(streamId) ?? [];
      got.set(streamId, [...parts, bytes.slice(start, end)]);
    });
    for (const bytes of writes) reader.push(bytes, 0);
    for (const [id, parts] of sent) {
      const [whole, found] = [concat(parts), concat(got.get(id) ?? [])];
      assertEquals(found.length, whole.length);
      assert(whole.every((byte, at) => byte === found[at]), `${id}`);
    }
  }
});
