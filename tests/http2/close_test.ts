import { replaced } from "../exporter/scratch.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { serveHttp2 } from "../../lib/http2/server.ts";
import { ErrorCode, Http2Error } from "../../lib/http2/error.ts";
import type { Http2Stream } from "../../lib/http2/server.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import {
  codeOf,
  frame,
  GREETING,
  RawPeer,
  REQUEST,
  request,
  uint32,
} from "./raw_peer.ts";

const GOAWAY = frame("GOAWAY", 0, 0, "0000000000000000");

/** What a handler may be at when the connection goes. */
const STATES: Record<string, (stream: Http2Stream) => unknown> = {
  "nothing yet": () => {},
  "reading": (stream) => stream.read(),
  "between reads": async (stream) => {
    await stream.read();
  },
  "responded": (stream) => stream.respond([[":status", "200"]]),
  "waiting to write": (stream) => {
    stream.respond([[":status", "200"]]);
    return stream.write(new Uint8Array(200_000));
  },
  "waiting to end": (stream) => {
    stream.respond([[":status", "200"]]);
    void stream.write(new Uint8Array(200_000));
    return stream.end([["a", "b"]]);
  },
};

/** Ways to go, with what `closed` says afterwards. */
const ENDS: Record<string, [string, (peer: RawPeer) => unknown]> = {
  "the peer hangs up": ["peer", (peer) => peer.hangUp()],
  "reads fail": ["error", (peer) => peer.break(new Error("reset"))],
  "close() is called": ["local", (peer) => peer.connection.close()],
  "the peer breaks the protocol": [
    "error",
    (peer) => peer.send(frame("DATA", 0, 0)),
  ],
};

Deno.test("close() of a connection makes no timer", async () => {
  await using peer = await RawPeer.greeted(() => {});
  let timers = 0;
  {
    using _ = replaced(
      globalThis,
      "setTimeout",
      (set) =>
        ((...given: Parameters<typeof set>) => {
          timers++;
          return set(...given);
        }) as typeof set,
    );
    await peer.connection.close();
  }
  assertEquals(timers, 0);
});

for (const [end, [reason, act]] of Object.entries(ENDS)) {
  Deno.test(`Http2Connection leaves nothing behind when ${end}`, async () => {
    for (const [state, work] of Object.entries(STATES)) {
      let pending: unknown;
      let caught!: (stream: Http2Stream) => void;
      const stream = new Promise<Http2Stream>((resolve) => caught = resolve);
      await using peer = await RawPeer.greeted((stream) => {
        pending = work(stream);
        caught(stream);
      });
      peer.send(request(1, false), frame("DATA", 0, 1, "00"));
      const { signal } = await stream;
      const aborted = new Promise((resolve) =>
        signal.addEventListener("abort", resolve)
      );
      await peer.taken();
      act(peer);
      await aborted;
      assertEquals((await peer.connection.closed).reason, reason, state);
      assertEquals(peer.connection.streams, 0);
      const error = signal.reason;
      assert(error instanceof Http2Error, state);
      if (state.startsWith("waiting")) {
        assertEquals(
          await assertRejects(() => pending as Promise<void>),
          error,
          state,
        );
      }
      const late = await stream;
      for (
        const call of [
          () => late.read(),
          () => late.write(new Uint8Array(1)),
          () => late.end([[":status", "200"]]),
          () => late.respond([[":status", "200"]]),
        ]
      ) {
        assertEquals(await assertRejects(async () => await call()), error);
      }
      late.reset();
    }
  });
}

Deno.test("Http2Connection ends before the preface, inside it, and inside a frame", async () => {
  for (const hex of ["", GREETING.slice(0, 20), `${GREETING}000005`]) {
    await using peer = new RawPeer();
    peer.send(hex);
    await peer.taken();
    peer.hangUp();
    assertEquals(await peer.connection.closed, { reason: "peer" });
  }
});

Deno.test("Http2Connection ends with the error of a failed write", async () => {
  const broken = new Error("broken pipe");
  const connection = serveHttp2({
    readable: new ReadableStream(),
    writable: new WritableStream({
      write() {
        throw broken;
      },
    }),
  }, () => {});
  assertEquals(await connection.closed, { reason: "error", error: broken });
});

Deno.test("Http2Connection ends with an error, whatever a write or a read failed with", async () => {
  const ends: Record<string, Partial<ByteDuplex>> = {
    write: {
      writable: new WritableStream({ write: () => Promise.reject("no") }),
    },
    read: { readable: new ReadableStream({ start: (c) => c.error("no") }) },
  };
  for (const [what, duplex] of Object.entries(ends)) {
    const connection = serveHttp2({
      readable: new ReadableStream(),
      writable: new WritableStream(),
      ...duplex,
    }, () => {});
    const { reason, error } = await connection.closed;
    assert(error instanceof Error, what);
    assertEquals([reason, error.message], ["error", "no"]);
  }
});

Deno.test("close() settles when it is called again, and from a handler, and nothing more is handled", async () => {
  let handled = 0;
  await using peer = new RawPeer((stream) => {
    handled++;
    void peer.connection.close();
    stream.signal.throwIfAborted();
  });
  peer.send(GREETING, request(1), request(3));
  assertEquals((await peer.connection.closed).reason, "local");
  assertEquals([handled, peer.connection.streams], [1, 0]);
  await peer.connection.close();
  await peer.connection.close();
});

Deno.test("close() waits until the connection is closed", async () => {
  const gate = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const connection = serveHttp2({
    readable: new ReadableStream({
      cancel: () => {
        cancelled.resolve();
        return gate.promise;
      },
    }),
    writable: new WritableStream(),
  }, () => {});
  const order: string[] = [];
  connection.closed.then(() => order.push("closed"));
  const closing = connection.close().then(() => order.push("close()"));
  await cancelled.promise;
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(order, []);
  gate.resolve();
  await closing;
  assertEquals(order, ["closed", "close()"]);
});

Deno.test("close() does not wait for ever for a stream that does not settle", async () => {
  const written = Promise.withResolvers<void>();
  let cancelled = 0;
  const connection = serveHttp2({
    readable: new ReadableStream({
      cancel: () => {
        cancelled++;
        return new Promise(() => {});
      },
    }),
    writable: new WritableStream({
      write: () => {
        written.resolve();
        return new Promise(() => {});
      },
    }),
  }, () => {});
  await written.promise;
  await connection.close();
  assertEquals(await connection.closed, { reason: "local" });
  assertEquals(cancelled, 1);
});

Deno.test("close() does not wait for a peer that was told to go, and stays", async () => {
  let cancelled = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  // With no timer, what waits until the peer's time is up waits for ever.
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (() => 0) as unknown as typeof setTimeout;
  try {
    const connection = serveHttp2({
      readable: new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(1)),
        cancel: () => {
          cancelled++;
        },
      }),
      writable: new WritableStream({ close: resolve }),
    }, () => {});
    await promise;
    await connection.close();
    assertEquals((await connection.closed).reason, "error");
  } finally {
    globalThis.setTimeout = setTimeout;
  }
  assertEquals(cancelled, 1);
});

Deno.test("GOAWAY lets open streams finish, then the connection closes", async () => {
  const streams: Http2Stream[] = [];
  await using peer = await RawPeer.greeted((stream) => {
    streams.push(stream);
  });
  peer.send(
    request(1),
    request(3),
    GOAWAY,
    frame("PING", 0, 0, "00".repeat(8)),
  );
  await peer.until("PING");
  assertEquals(peer.connection.streams, 2);
  streams[0]!.end([[":status", "200"]]);
  assertEquals((await peer.until("HEADERS")).id, 1);
  assertEquals(streams[1]!.signal.aborted, false);
  streams[1]!.respond([[":status", "200"]]);
  await streams[1]!.write(new Uint8Array(50_000));
  streams[1]!.end([["a", "b"]]);
  const rest = await peer.rest();
  assertEquals(rest.map((f) => f.type), [
    "HEADERS",
    "DATA",
    "DATA",
    "DATA",
    "DATA",
    "HEADERS",
    "GOAWAY",
  ]);
  const goaway = rest.at(-1)!;
  assertEquals(codeOf(goaway), ErrorCode.NO_ERROR);
  assertEquals(goaway.payload[3], 3);
  assertEquals(await peer.connection.closed, { reason: "peer" });
});

Deno.test("GOAWAY without open streams closes at once, and keeps its error code", async () => {
  await using peer = await RawPeer.greeted();
  peer.send(frame("GOAWAY", 0, 0, `00000000 ${uint32(1)} 6869`));
  const close = await peer.connection.closed;
  assertEquals(close.reason, "peer");
  assert(close.error instanceof Http2Error);
  assertEquals([close.error.code, close.error.remote], [1, true]);
});

Deno.test("reset() drops the stream and tells the peer", async () => {
  let stream!: Http2Stream;
  await using peer = await RawPeer.greeted((opened) => {
    stream = opened;
    stream.reset(ErrorCode.REFUSED_STREAM);
    stream.reset();
  });
  peer.send(request(1, false), frame("DATA", 0, 1, "00"));
  const reset = await peer.until("RST_STREAM");
  assertEquals([reset.id, codeOf(reset)], [1, ErrorCode.REFUSED_STREAM]);
  assertEquals(stream.signal.aborted, true);
  await assertRejects(() => stream.read(), Http2Error);
  peer.send(frame("PING", 0, 0, "0000000000000000"));
  assertEquals((await peer.next())?.type, "PING");
});

Deno.test("signal stays quiet once the response is complete", async () => {
  let stream!: Http2Stream;
  await using peer = await RawPeer.greeted((opened) => {
    stream = opened;
    void stream.signal;
    stream.end([[":status", "200"]]);
  });
  peer.send(request(1, false), frame("RST_STREAM", 0, 1, uint32(0)));
  const frames = [await peer.next(), await peer.next()];
  assertEquals(frames.map((f) => f?.type), ["HEADERS", "RST_STREAM"]);
  assertEquals(codeOf(frames[1]!), ErrorCode.NO_ERROR);
  // The rest of the request is of no interest any more.
  assertEquals(await stream.read(), null);
  peer.hangUp();
  await peer.connection.closed;
  assertEquals(stream.signal.aborted, false);
});

Deno.test("Http2Stream says which call comes too late or too early", async () => {
  const seen: string[] = [];
  const attempt = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      assert(error instanceof TypeError);
      seen.push(error.message);
    }
  };
  await using peer = await RawPeer.greeted((stream) => {
    attempt(() => stream.write(new Uint8Array(1)));
    attempt(() => stream.end());
    attempt(() => stream.end([]));
    attempt(() => stream.respond([["a", "b"]]));
    stream.respond([[":status", "200"]]);
    attempt(() => stream.respond([[":status", "200"]]));
    attempt(() => stream.end([[":status", "200"]]));
    stream.end([["a", "b"]]);
    attempt(() => stream.write(new Uint8Array(1)));
    attempt(() => stream.end([["a", "b"]]));
  });
  peer.send(request(1));
  assertEquals((await peer.until("HEADERS")).flags, 4);
  assertEquals((await peer.until("HEADERS")).flags, 5);
  assertEquals(seen.length, 8);
});

Deno.test("respond() cuts headers longer than a frame, and a lowered header table is acknowledged", async () => {
  await using peer = await RawPeer.greeted((stream) => {
    stream.respond([[":status", "200"], ["a", "b".repeat(40_000)]]);
    stream.end();
  });
  peer.send(frame("SETTINGS", 0, 0, "0001 00000000"), request(1));
  assertEquals((await peer.next())?.type, "SETTINGS");
  const frames = [await peer.next(), await peer.next(), await peer.next()];
  assertEquals(
    frames.map((f) => [f?.type, f?.flags, f?.payload.length]),
    [
      ["HEADERS", 0, 16_384],
      ["CONTINUATION", 0, 16_384],
      ["CONTINUATION", 4, 40_009 - 32_768],
    ],
  );
  assertEquals(frames[0]!.payload.subarray(0, 2), Uint8Array.of(0x20, 0x88));
  peer.send(request(3));
  await peer.until("DATA");
  // Once is enough.
  assertEquals((await peer.next())?.payload[0], 0x88);
});

/** A conversation with everything in it, and what it must look like from here. */
async function converse(chunks: readonly Uint8Array[]): Promise<string[]> {
  const seen: string[] = [];
  await using peer = new RawPeer(async (stream) => {
    stream.respond([[":status", "200"]]);
    let body = "";
    for (;;) {
      const chunk = await stream.read();
      if (chunk === null) break;
      body += String.fromCharCode(...chunk);
    }
    seen.push(`${stream.id} ${stream.get("a")} ${body}`);
    await stream.end([["a", "b"]]);
  });
  for (const chunk of chunks) peer.send(chunk);
  await peer.connection.closed;
  return seen;
}

Deno.test("serveHttp2() reads a conversation the same in every split", async () => {
  const sent: Uint8Array[] = [];
  const recorder = new RawPeer();
  recorder.send = (...pieces) => {
    sent.push(...pieces.map((p) => typeof p === "string" ? hex(p) : p));
  };
  recorder.send(
    GREETING,
    frame("HEADERS", 0, 1, "838604022f78 40 0161"),
    frame("CONTINUATION", 0, 1),
    frame("CONTINUATION", 4, 1, "0162"),
    frame("DATA", 0, 1, "6869"),
    frame("PING", 0, 0, "0102030405060708"),
    frame("DATA", 8, 1, "03 21 000000"),
    frame("HEADERS", 4, 3, `${REQUEST} be`),
    frame("SETTINGS", 0, 0, "0004 00000001"),
    frame("WINDOW_UPDATE", 0, 3, uint32(9)),
    frame("DATA", 0, 3, "79"),
    frame("HEADERS", 5, 1, "000178 0179"),
    frame("DATA", 1, 3, "6f"),
    GOAWAY,
  );
  await recorder.connection.close();
  const whole = new Uint8Array(sent.flatMap((piece) => [...piece]));
  const expected = ["1 b hi!", "3 b yo"];
  assertEquals((await converse([whole])).sort(), expected);
  for (let cut = 1; cut < whole.length; cut++) {
    const seen = await converse([whole.subarray(0, cut), whole.subarray(cut)]);
    assertEquals(seen.sort(), expected, `cut at ${cut}`);
  }
  for (const size of [1, 2, 3, 5, 7, 11]) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += size) {
      chunks.push(whole.slice(at, at + size));
    }
    assertEquals((await converse(chunks)).sort(), expected, `by ${size}`);
  }
});

function hex(text: string): Uint8Array {
  const pairs = text.replaceAll(/\s/g, "").match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}
