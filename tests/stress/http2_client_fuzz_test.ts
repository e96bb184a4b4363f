/** Seeded nonsense from a server: whatever comes, calls and connection end, and nothing is thrown. */
import { assert, assertEquals } from "../support/assert.ts";
import { connectHttp2, type Http2Client } from "../../lib/http2/client.ts";
import { Http2Error } from "../../lib/http2/error.ts";
import { encodeHeaders } from "../../lib/http2/hpack_encode.ts";
import { Random } from "../support/random.ts";
import { rounds } from "../support/stress.ts";
import { bytes, frame, uint32 } from "../http2/raw_peer.ts";
import { POST } from "../http2/raw_server.ts";

const CONVERSATIONS = rounds(10_000);
const HANG_MS = 20_000;

/** What DATA carries: nobody looks at it, so it is not drawn anew for each frame. */
const NOISE = new Random(0).bytes(20_000);

const TYPES = [
  ...["DATA", "DATA", "HEADERS", "HEADERS", "PRIORITY", "RST_STREAM"],
  ...["SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE"],
  ...["WINDOW_UPDATE", "CONTINUATION", "77"],
];

/** A frame that is mostly right, so that it gets far. */
function someFrame(random: Random): Uint8Array {
  const type = random.pick(TYPES);
  const id = random.pick([0, 1, 1, 3, 3, 5, 7, 2, 0x7fffffff]);
  switch (random.below(8)) {
    case 0:
      // Any flags around any bytes.
      return frame(
        type,
        random.below(256),
        id,
        random.bytes(random.below(30)),
      );
    case 1:
      return someRight(random, type, id || 1);
    default:
      return someRight(
        random,
        random.pick(["DATA", "HEADERS", "HEADERS"]),
        random.pick([1, 1, 3, 3, 5]),
      );
  }
}

function someRight(random: Random, type: string, id: number): Uint8Array {
  switch (type) {
    case "HEADERS":
      return frame(
        type,
        random.pick([4, 5, 4, 5, 4, 0, 1]),
        id,
        random.pick([
          bytes("88"),
          encodeHeaders([[":status", "103"]]),
          encodeHeaders([
            [":status", "200"],
            ["content-length", String(random.below(40))],
          ]),
          encodeHeaders([["x", "y".repeat(random.below(50))]]),
        ]),
      );
    case "DATA": {
      const length = random.pick([0, 1, 5, 100, 16_384]);
      const at = random.below(NOISE.length - length);
      const noise = NOISE.subarray(at, at + length);
      return frame(type, random.pick([0, 0, 0, 1]), id, noise);
    }
    case "SETTINGS":
      return frame(
        type,
        0,
        0,
        `000${1 + random.below(6)} ${
          uint32(random.pick([0, 1, 100, 65_535, 0x7fffffff]))
        }`,
      );
    case "PING":
      return frame(type, 0, 0, random.bytes(8));
    case "GOAWAY":
      return frame(
        type,
        0,
        0,
        uint32(random.pick([0, 1, 3, 0x7fffffff])) +
          uint32(random.pick([0, 0, 11])),
      );
    case "WINDOW_UPDATE":
      return frame(
        type,
        0,
        random.pick([0, id]),
        uint32(random.pick([1, 10, 65_535, 0x7fffffff])),
      );
    case "RST_STREAM":
      return frame(type, 0, id, uint32(random.below(14)));
    default:
      return frame(type, 4, id, random.bytes(random.pick([4, 5, 8])));
  }
}

/** One conversation's bytes: valid frames, wrong ones, flipped bytes, cuts. */
function someBytes(random: Random): Uint8Array {
  const whole = bytes(
    frame(
      "SETTINGS",
      0,
      0,
      random.pick(["", "0003 00000002", "0004 00000003"]),
    ),
    ...Array.from({ length: 1 + random.below(20) }, () => someFrame(random)),
  );
  for (let flips = random.pick([0, 0, 0, 1, 5]); flips > 0; flips--) {
    whole[random.below(whole.length)]! ^= 1 << random.below(8);
  }
  return random.below(8) === 0
    ? whole.subarray(0, random.below(whole.length + 1))
    : whole;
}

/** Makes a call in some way, to some end; gives how it ended. */
async function someCall(random: Random, client: Http2Client): Promise<string> {
  const plan = random.below(1000);
  try {
    const stream = await client.request(POST, {
      endStream: plan % 3 === 0,
      signal: plan % 11 === 0 ? AbortSignal.timeout(1) : undefined,
    });
    if (plan % 2 === 0) void stream.signal;
    if (plan % 3 === 1) {
      stream.write(NOISE.subarray(0, plan * 10));
      if (plan % 5 === 0) stream.end([["a", "b"]]);
    }
    if (plan % 7 === 0) await stream.response;
    if (plan % 13 === 0) stream.reset();
    for (;;) {
      const chunk = await stream.read();
      if (chunk === null) break;
      if (plan % 17 === 0) stream.reset();
    }
    // What ended well has a head.
    assertEquals((await stream.response)[0]?.[0], ":status");
    return "whole";
  } catch (error) {
    if (error instanceof Http2Error) return `${error.code}`;
    if (error instanceof RangeError) return "headers too long";
    if ((error as Error).name === "TimeoutError") return "timeout";
    throw error;
  }
}

async function converse(seed: number, calls: Map<string, number>) {
  const random = new Random(seed);
  const input = someBytes(random);
  const small = input.length < 1000 ? 1 : 700;
  const step = random.pick([input.length, input.length, 5000, small]) || 1;
  const wait = random.pick([0, 20, 20, 20]);
  let at = 0;
  const readable = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // Behind its SETTINGS the server waits for the requests, mostly.
      if (at > 0) {
        for (let turns = 0; turns < wait; turns++) await undefined;
      }
      if (at >= input.length) return controller.close();
      const count = at === 0 ? 15 : step;
      controller.enqueue(input.slice(at, at + count));
      at += count;
    },
  }, { highWaterMark: 0 });
  let written = 0;
  const writable = new WritableStream<Uint8Array>({
    write(chunk) {
      // The preface, then frames, whatever came in.
      let frameAt = written === 0 ? 24 : 0;
      written += chunk.length;
      while (frameAt < chunk.length) {
        const length = (chunk[frameAt]! << 16) | (chunk[frameAt + 1]! << 8) |
          chunk[frameAt + 2]!;
        assert(length <= 16_384);
        assert(chunk[frameAt + 3]! <= 9);
        frameAt += 9 + length;
      }
      assertEquals(frameAt, chunk.length);
    },
  });
  const client = connectHttp2({ readable, writable });
  const ends = await Promise.all(
    Array.from({ length: 4 }, () => someCall(random, client)),
  );
  const close = await client.closed;
  assertEquals(client.streams, 0);
  for (const end of ends) calls.set(end, (calls.get(end) ?? 0) + 1);
  return close.reason === "error" ? close.error!.message : close.reason;
}

Deno.test(`connectHttp2() survives ${CONVERSATIONS} conversations of nonsense`, async () => {
  const endings = new Map<string, number>();
  const calls = new Map<string, number>();
  let hung: ReturnType<typeof setTimeout> | undefined;
  for (let seed = 1; seed <= CONVERSATIONS; seed++) {
    if (seed % 1000 === 1) {
      clearTimeout(hung);
      hung = setTimeout(() => {
        throw new Error(`Conversation hangs, seed ${seed} or up to 999 later`);
      }, HANG_MS);
    }
    const ending = await converse(seed, calls);
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  }
  clearTimeout(hung);
  // The nonsense got around: neither all refused at once nor all let pass.
  assert(endings.size > 15, [...endings.keys()].join("; "));
  assert((endings.get("peer") ?? 0) > CONVERSATIONS / 20);
  assert((calls.get("whole") ?? 0) > CONVERSATIONS / 20, `${[...calls]}`);
  assertEquals(
    [...endings.keys()].filter((ending) => ending.includes("internal")),
    [],
  );
});
