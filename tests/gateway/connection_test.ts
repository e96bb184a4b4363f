import { Engine } from "../../lib/engine/engine.ts";
import { GatewayConnection } from "../../lib/gateway/connection.ts";
import { KnownValues } from "../../lib/gateway/known_values.ts";
import {
  DEFAULT_LIMITS,
  type GatewayLimits,
} from "../../lib/gateway/limits.ts";
import { makePolicy } from "../../lib/gateway/policy.ts";
import { RunningBuilds } from "../../lib/gateway/running_builds.ts";
import { Turns } from "../../lib/gateway/turns.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { StandingClock } from "../support/standing_clock.ts";
import { request } from "./attacks.ts";
import { type Answering, RecordingEngine } from "./recording_engine.ts";

const PING = request("GET /_ping");
const LAST_PING = request("GET /_ping", ["Connection: close"]);
const encoder = new TextEncoder();

/** A gateway's end of a connection, and all that can be seen from the other one. */
class Peer {
  text = "";
  /** What happened to the connection, in its order. */
  readonly ends: string[] = [];
  /** How many pieces were taken of what is sent. */
  taken = 0;
  /** Whether it was served to its end. */
  served = false;
  /** What the ends of both directions wait for. */
  ending: Promise<void> | undefined;
  readonly connection: GatewayConnection;
  serving: Promise<void> | undefined;
  readonly #sent: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #isOver = false;

  constructor(
    answer?: Answering,
    limits: Partial<GatewayLimits> = {},
  ) {
    const engine = new Engine(new RecordingEngine(answer), "1.51");
    const readable = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        if (this.#sent.length === 0 && !this.#isOver) {
          await new Promise<void>((resolve) => this.#wake = resolve);
        }
        const next = this.#sent.shift();
        if (next === undefined) return controller.close();
        this.taken++;
        controller.enqueue(next);
      },
      cancel: () => {
        this.ends.push("cancel");
        this.#wake?.();
        return this.ending;
      },
    }, { highWaterMark: 0 });
    const writable = new WritableStream<Uint8Array>({
      write: (bytes) => void (this.text += new TextDecoder().decode(bytes)),
      close: () => {
        this.ends.push("end");
        return this.ending;
      },
      abort: () => void this.ends.push("abort"),
    });
    const close = () => void this.ends.push("close");
    this.connection = new GatewayConnection({ readable, writable, close }, {
      engine,
      policy: makePolicy(),
      limits: { ...DEFAULT_LIMITS, ...limits },
      token: undefined,
      known: new KnownValues(1, false),
      steps: undefined,
      hosts: undefined,
      turns: new Turns(),
      builds: new RunningBuilds(engine, 1),
      signal: new AbortController().signal,
    });
  }

  serve(): void {
    this.serving = this.connection.serve()
      .finally(() => void (this.served = true));
  }

  send(...pieces: (string | Uint8Array)[]): void {
    this.#sent.push(
      ...pieces.map((piece) =>
        typeof piece === "string" ? encoder.encode(piece) : piece
      ),
    );
    this.#wake?.();
  }

  /** Says that no more comes. */
  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  /** The statuses of its answers. */
  get statuses(): number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) =>
      Number(status)
    );
  }
}

const MIB = new Uint8Array(1024 * 1024);
for (
  const [what, bytes, status, ends] of [
    ["was refused", "GET /\r\n\r\n", 400, ["cancel", "close", "end"]],
    ["had its last answer", LAST_PING, 200, ["cancel", "end"]],
  ] as const
) {
  Deno.test(`a client that ${what} may send 4 MiB more`, async () => {
    using clock = new StandingClock();
    const peer = new Peer();
    peer.serve();
    peer.send(bytes, MIB, MIB, MIB, MIB, MIB, MIB);
    await clock.settle();
    assertEquals(peer.statuses, [status]);
    assertEquals(peer.taken, 1 + 4);
    assertEquals(peer.ends.toSorted(), [...ends]);
    assertEquals(clock.waits, []);
    await peer.serving;
  });

  Deno.test(`a client that ${what} may send more for two seconds`, async () => {
    using clock = new StandingClock();
    const peer = new Peer();
    peer.serve();
    peer.send(bytes);
    await clock.settle();
    // It has the whole answer, and can read it in peace.
    assertEquals([peer.statuses, peer.ends], [[status], ["end"]]);
    await clock.pass(1500);
    peer.send("and more");
    await clock.settle();
    assertEquals([peer.taken, clock.waits], [2, [500]]);
    await clock.pass(499);
    assertEquals([peer.ends, peer.served], [["end"], false]);
    await clock.pass(1);
    await peer.serving;
    assert(peer.ends.includes("cancel"));
    assertEquals(peer.ends.includes("close"), status === 400);
  });

  Deno.test(`what a client that ${what} sends more is counted by the byte`, async () => {
    using clock = new StandingClock();
    const peer = new Peer();
    peer.serve();
    const one = new Uint8Array(1);
    peer.send(bytes, MIB, MIB, MIB, MIB.subarray(1), one, one);
    await clock.settle();
    assertEquals(peer.taken, 1 + 5);
    await peer.serving;
  });

  Deno.test(`the time of a client that ${what} begins when its answer is sent`, async () => {
    using clock = new StandingClock();
    const peer = new Peer();
    const sent = Promise.withResolvers<void>();
    peer.ending = sent.promise;
    peer.serve();
    peer.send(bytes);
    await clock.pass(5000);
    assertEquals([peer.ends, peer.served], [["end"], false]);
    const cancelled = Promise.withResolvers<void>();
    peer.ending = cancelled.promise;
    sent.resolve();
    await clock.settle();
    assertEquals(clock.waits, [2000]);
    await clock.pass(2000);
    assert(peer.ends.includes("cancel"));
    // A connection that is cut is not waited for.
    assertEquals(peer.served, status === 400);
    cancelled.resolve();
    await peer.serving;
  });

  Deno.test(`a connection ends with a client that ${what} and closes it`, async () => {
    using clock = new StandingClock();
    const peer = new Peer();
    peer.serve();
    peer.send(bytes);
    peer.end();
    await clock.settle();
    assertEquals([peer.statuses, clock.waits], [[status], []]);
    await peer.serving;
  });
}

Deno.test("a client that ends between two requests is not answered again", async () => {
  using clock = new StandingClock();
  const peer = new Peer();
  peer.serve();
  peer.send(PING);
  await clock.settle();
  peer.end();
  await clock.settle();
  await peer.serving;
  assertEquals([peer.statuses, peer.ends], [[200], ["end"]]);
});

Deno.test("a request behind an answered one is refused in an answer of its own", async () => {
  using clock = new StandingClock();
  const peer = new Peer();
  peer.serve();
  peer.send(PING, "GET /\r\n\r\n");
  await clock.settle();
  assertEquals(peer.statuses, [200, 400]);
  assertMatch(peer.text, /\{"message":"[^"]+"\}\n$/);
  peer.end();
  await peer.serving;
});

Deno.test("half an answer is cut off, and no refusal put behind it", async () => {
  using clock = new StandingClock();
  const peer = new Peer(() => {
    const pieces = ["half", undefined];
    return new Response(
      new ReadableStream({
        pull(controller) {
          const piece = pieces.shift();
          if (piece === undefined) controller.error(new Error("reset"));
          else controller.enqueue(encoder.encode(piece));
        },
      }),
    );
  });
  peer.serve();
  peer.send(request("GET /version"));
  await clock.settle();
  await peer.serving;
  assertEquals(peer.statuses, [200]);
  assert(!peer.text.endsWith("0\r\n\r\n"), peer.text);
  assertEquals(peer.ends.toSorted(), ["abort", "cancel", "close"]);
});

Deno.test("a connection's further requests wait for their time", async () => {
  using clock = new StandingClock();
  const peer = new Peer(undefined, { maxRequestsPerSecond: 2 });
  peer.serve();
  peer.send(PING, PING, LAST_PING);
  await clock.pass(499);
  assertEquals(peer.statuses, [200, 200]);
  await clock.pass(1);
  assertEquals(peer.statuses, [200, 200, 200]);
  peer.end();
  await peer.serving;
});

/** An engine that answers when it is told to. */
function slowEngine(): { answer: Answering; speak: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    answer: async () => {
      await promise;
      return new Response("{}");
    },
    speak: resolve,
  };
}

Deno.test("a connection is idle but for its requests, since the end of the last", async () => {
  using clock = new StandingClock();
  clock.work(7);
  const { answer, speak } = slowEngine();
  const peer = new Peer(answer);
  const { connection } = peer;
  peer.serve();
  await clock.pass(50);
  assertEquals([connection.idle, connection.idleSince], [true, 7]);
  peer.send(request("GET /version"));
  await clock.pass(50);
  assertEquals([connection.idle, connection.idleSince], [false, 7]);
  speak();
  await clock.settle();
  assertEquals(peer.statuses, [200]);
  await clock.pass(50);
  assertEquals([connection.idle, connection.idleSince], [true, 107]);
  // Also behind a request that was refused.
  peer.send(request("POST /commit"));
  await clock.settle();
  assertEquals(peer.statuses, [200, 403]);
  assertEquals([connection.idle, connection.idleSince], [true, 157]);
  peer.end();
  await peer.serving;
});

Deno.test("a connection that is stopped finishes its request, and takes no other", async () => {
  using clock = new StandingClock();
  const { answer, speak } = slowEngine();
  const peer = new Peer(answer);
  peer.serve();
  peer.send(request("GET /version"));
  await clock.settle();
  peer.connection.stop();
  await clock.settle();
  assertEquals(peer.ends, []);
  peer.send(PING);
  speak();
  await clock.settle();
  assertEquals([peer.statuses, peer.ends], [[200], ["end"]]);
  assert(peer.text.endsWith("\r\n0\r\n\r\n"), peer.text);
  peer.end();
  await peer.serving;
});

Deno.test("a connection that is stopped between its requests is closed at once", async () => {
  using clock = new StandingClock();
  for (const asked of [0, 1]) {
    const peer = new Peer();
    peer.serve();
    if (asked > 0) peer.send(PING);
    await clock.settle();
    peer.connection.stop();
    await clock.settle();
    assertEquals(peer.statuses.length, asked);
    assertEquals(peer.ends.slice(0, 3).toSorted(), [
      "abort",
      "cancel",
      "close",
    ]);
    await peer.serving;
  }
});

Deno.test("a connection that is dropped is closed in the middle of a request", async () => {
  using clock = new StandingClock();
  const { answer, speak } = slowEngine();
  const peer = new Peer(answer);
  peer.serve();
  peer.send(request("GET /version"));
  await clock.settle();
  peer.connection.drop();
  await clock.settle();
  assertEquals(peer.ends.slice(0, 3).toSorted(), ["abort", "cancel", "close"]);
  speak();
  await peer.serving;
  assertEquals(peer.text, "");
});
