/** How the peer's windows are shared between streams, without a connection. */
import type { Http2Error } from "../../lib/http2/error.ts";
import { SendFlow, type SendStream } from "../../lib/http2/flow.ts";
import type { Output } from "../../lib/http2/output.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

/** Where frames go: so many bytes fit, and then nothing does. */
function outputOf(room = Infinity) {
  const sent: [id: number, bytes: number[]][] = [];
  const output = {
    get hasRoom() {
      return room > 0;
    },
    data(id: number, bytes: Uint8Array, start: number, end: number) {
      const count = Math.min(end - start, room);
      room -= count;
      sent.push([id, [...bytes.subarray(start, start + count)]]);
      return count;
    },
  };
  const flow = new SendFlow(output as Output);
  return {
    flow,
    /** What was sent since it was asked for. */
    taken: () => sent.splice(0),
    makeRoom: (count: number) => void (room = count),
  };
}

/** A stream whose window is used up, and that wants to send these bytes. */
function waiting(flow: SendFlow, id: number, ...parts: Uint8Array[]) {
  const stream = flow.open(id);
  stream.window = 0;
  const done = flow.write(stream, parts)!;
  let state = "waits";
  done.then(() => state = "sent", (error) => state = String(error));
  return { stream, state: () => state };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("SendFlow sends what waits as soon as either window opens, to the byte", async () => {
  const { flow, taken } = outputOf();
  const { stream, state } = waiting(flow, 1, Uint8Array.of(1, 2, 3, 4));
  assertEquals(taken(), []);
  flow.grant(stream, 1);
  assertEquals(taken(), [[1, [1]]]);
  flow.setInitialWindow(65_536, [stream]);
  assertEquals(taken(), [[1, [2]]]);
  // What a new stream may send is what was set last.
  assertEquals(flow.open(3).window, 65_536);
  // The connection's window is 65,535 at the beginning.
  const large = flow.open(5);
  assertEquals(flow.write(large, [new Uint8Array(65_533)]), undefined);
  taken();
  flow.grant(stream, 2);
  assertEquals([taken(), state()], [[], "waits"]);
  flow.grant(null, 1);
  assertEquals([taken(), stream.window], [[[1, [3]]], 1]);
  flow.grant(null, 1);
  assertEquals(taken(), [[1, [4]]]);
  await turn();
  assertEquals([state(), stream.pending.length], ["sent", 0]);
});

Deno.test("SendFlow lets two streams take turns of 16 KiB, and one alone go on", () => {
  const { flow, taken } = outputOf();
  flow.write(flow.open(1), [new Uint8Array(65_535)]);
  taken();
  const [one, three] = [1, 3].map((id) =>
    waiting(flow, id, new Uint8Array(40_000)).stream
  ) as [SendStream, SendStream];
  for (const stream of [one, three]) flow.grant(stream, 40_000);
  assertEquals(taken(), []);
  flow.grant(null, 100_000);
  assertEquals(
    taken().map(([id, bytes]) => [id, bytes.length]),
    [
      [1, 16_384],
      [3, 16_384],
      [1, 16_384],
      [3, 16_384],
      [1, 7232],
      // The other has nothing more to send.
      [3, 7232],
    ],
  );
  const five = waiting(flow, 5, new Uint8Array(20_000)).stream;
  flow.grant(five, 20_000);
  assertEquals(taken().map(([id, bytes]) => [id, bytes.length]), [[5, 20_000]]);
});

Deno.test("SendFlow goes on where there was no room, through all parts", async () => {
  const { flow, taken, makeRoom } = outputOf(3);
  const stream = flow.open(1);
  const parts = [
    Uint8Array.of(1, 2),
    new Uint8Array(),
    Uint8Array.of(3, 4),
    Uint8Array.of(5),
  ];
  const done = flow.write(stream, parts)!;
  let ends = 0;
  stream.whenEmpty = (error) => {
    assertEquals(error, undefined);
    ends++;
  };
  assertEquals(taken().flatMap(([, bytes]) => bytes), [1, 2, 3]);
  flow.pump();
  assertEquals(taken(), []);
  makeRoom(1);
  flow.pump();
  assertEquals([taken().flatMap(([, bytes]) => bytes), ends], [[4], 0]);
  makeRoom(5);
  flow.pump();
  assertEquals([taken().flatMap(([, bytes]) => bytes), ends], [[5], 1]);
  await done;
  flow.pump();
  assertEquals(ends, 1);
});

Deno.test("SendFlow rejects what waits when its stream fails, and sends nothing of it", async () => {
  const { flow, taken } = outputOf();
  const { stream, state } = waiting(flow, 1, Uint8Array.of(1));
  const ends: unknown[] = [];
  stream.whenEmpty = (error) => ends.push(error);
  const broken = new Error("reset");
  flow.fail(stream, broken);
  flow.fail(stream, new Error("again"));
  await turn();
  assertEquals([state(), ends], ["Error: reset", [broken]]);
  flow.grant(stream, 10);
  assertEquals(taken(), []);
});

Deno.test("SendFlow refuses windows past 2^31-1, of a stream and of the connection", () => {
  const { flow } = outputOf();
  const stream = flow.open(7);
  const largest = 0x7fffffff;
  for (
    const [grow, id] of [
      [() => flow.grant(stream, largest - 65_535 + 1), 7],
      [() => flow.grant(null, largest - 65_535 + 1), 0],
      [() => {
        stream.window += 1;
        flow.setInitialWindow(largest, [stream]);
      }, 0],
    ] as const
  ) {
    const error = assertThrows(grow) as Http2Error;
    assertEquals([error.code, error.streamId], [3, id]);
  }
  const other = outputOf().flow;
  const another = other.open(9);
  other.grant(another, largest - 65_535);
  other.grant(null, largest - 65_535);
  assertEquals(another.window, largest);
});
