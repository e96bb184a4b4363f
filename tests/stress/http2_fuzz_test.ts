/** Seeded nonsense: whatever comes, the connection ends, and nothing is thrown. */
import { assert, assertEquals } from "../support/assert.ts";
import { serveHttp2 } from "../../lib/http2/server.ts";
import { encodeHeaders } from "../../lib/http2/hpack_encode.ts";
import type { Http2Stream } from "../../lib/http2/server.ts";
import { Random } from "../support/random.ts";
import { rounds } from "../support/stress.ts";
import { bytes, frame, GREETING, REQUEST, uint32 } from "../http2/raw_peer.ts";

const CONVERSATIONS = rounds(20_000);
const HANG_MS = 20_000;

/** What DATA carries: nobody looks at it, so it is not drawn anew for each frame. */
const NOISE = new Random(0).bytes(20_000);

const TYPES = [
  "DATA",
  "DATA",
  "HEADERS",
  "HEADERS",
  "PRIORITY",
  "RST_STREAM",
  "SETTINGS",
  "PUSH_PROMISE",
  "PING",
  "GOAWAY",
  "WINDOW_UPDATE",
  "WINDOW_UPDATE",
  "CONTINUATION",
  "77",
];

/** A frame that is mostly right, so that it gets far. */
function someFrame(random: Random): Uint8Array {
  const type = random.pick(TYPES);
  const id = random.pick([0, 1, 1, 3, 3, 5, 7, 2, 0x7fffffff]);
  switch (random.below(4)) {
    case 0: {
      // Any flags around any bytes.
      const payload = random.bytes(random.below(30));
      return frame(type, random.below(256), id, payload);
    }
    case 1:
      return someRight(random, type, id || 1);
    default:
      return someRight(random, random.pick(["DATA", "HEADERS"]), id | 1);
  }
}

function someRight(random: Random, type: string, id: number): Uint8Array {
  switch (type) {
    case "HEADERS": {
      const block = random.below(2) === 0 ? bytes(REQUEST) : encodeHeaders([
        [":method", "POST"],
        [":scheme", "http"],
        [":path", "/y"],
        ["content-length", String(random.below(40))],
        ["x", "y".repeat(random.below(50))],
      ]);
      return frame(type, random.pick([4, 5, 4, 5, 0, 1]), id, block);
    }
    case "DATA":
      return frame(
        type,
        random.pick([0, 0, 1]),
        id,
        someNoise(random, random.pick([0, 1, 5, 100, 16_384])),
      );
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

function someNoise(random: Random, length: number): Uint8Array {
  const at = random.below(NOISE.length - length);
  return NOISE.subarray(at, at + length);
}

/** One conversation's bytes: valid frames, wrong ones, flipped bytes, cuts. */
function someBytes(random: Random): Uint8Array {
  const frames = Array.from(
    { length: 1 + random.below(20) },
    () => someFrame(random),
  );
  const whole = bytes(GREETING, ...frames);
  for (let flips = random.pick([0, 0, 0, 1, 5]); flips > 0; flips--) {
    whole[random.below(whole.length)]! ^= 1 << random.below(8);
  }
  return random.below(8) === 0
    ? whole.subarray(0, random.below(whole.length + 1))
    : whole;
}

/** A handler that does something, in some order, and lets all errors be. */
async function someHandler(random: Random, stream: Http2Stream): Promise<void> {
  const plan = random.below(1000);
  if (plan % 10 === 0) throw new Error("handler failed");
  if (plan % 10 === 1) return stream.reset();
  if (plan % 10 === 2) return;
  if (plan % 2 === 0) void stream.signal;
  if (plan % 7 !== 0) stream.respond([[":status", "200"], ["a", "b"]]);
  while (plan % 3 !== 0) {
    const chunk = await stream.read();
    if (chunk === null) break;
    if (plan % 7 !== 0) await stream.write(chunk, chunk);
  }
  await stream.end(
    plan % 7 === 0 ? [[":status", "200"]] : [["grpc-status", "0"]],
  );
}

async function converse(seed: number): Promise<string> {
  const random = new Random(seed);
  const input = someBytes(random);
  const small = input.length < 1000 ? 1 : 700;
  const step = random.pick([input.length, input.length, 5000, small]) || 1;
  let at = 0;
  const readable = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= input.length) return controller.close();
      controller.enqueue(input.slice(at, at + step));
      at += step;
    },
  });
  let written = 0;
  const writable = new WritableStream<Uint8Array>({
    write(chunk) {
      // The server's preface is SETTINGS, whatever the client does first.
      if (written === 0) assertEquals(chunk[3], 4);
      written += chunk.length;
      // What goes out is frames, whatever came in.
      let frameAt = 0;
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
  const connection = serveHttp2(
    { readable, writable },
    (stream) => someHandler(random, stream),
  );
  const close = await connection.closed;
  assertEquals(connection.streams, 0);
  assert(written > 0);
  return close.reason === "error" ? close.error!.message : close.reason;
}

Deno.test(`serveHttp2() survives ${CONVERSATIONS} conversations of nonsense`, async () => {
  const endings = new Map<string, number>();
  let hung: ReturnType<typeof setTimeout> | undefined;
  for (let seed = 1; seed <= CONVERSATIONS; seed++) {
    if (seed % 1000 === 1) {
      clearTimeout(hung);
      hung = setTimeout(() => {
        throw new Error(`Conversation hangs, seed ${seed} or up to 999 later`);
      }, HANG_MS);
    }
    const ending = await converse(seed);
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  }
  clearTimeout(hung);
  // The nonsense got around: neither all refused at once nor all let pass.
  assert(endings.size > 15, [...endings.keys()].join("; "));
  assert((endings.get("peer") ?? 0) > CONVERSATIONS / 20);
  assertEquals(
    [...endings.keys()].filter((ending) => ending.includes("internal")),
    [],
  );
});
