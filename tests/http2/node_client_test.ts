/** node:http2's client, an implementation that is not ours, as the peer. */
import { assert, assertEquals } from "../support/assert.ts";
import http2 from "node:http2";
import { Duplex } from "node:stream";
import type { Http2Connection } from "../../lib/http2/connection.ts";
import {
  type Http2ServerOptions,
  type Http2Stream,
  serveHttp2,
  type ServerStream,
} from "../../lib/http2/server.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { until, untilQuiet } from "../support/until.ts";
import { concat } from "../support/concat.ts";

class NodePeer implements AsyncDisposable {
  readonly connection: Http2Connection;
  readonly session: http2.ClientHttp2Session;

  constructor(
    handler: (stream: Http2Stream) => void | Promise<void>,
    options?: Http2ServerOptions,
    settings?: http2.Settings,
  ) {
    const [ours, theirs] = duplexPair();
    this.connection = serveHttp2(ours, handler, options);
    // deno-lint-ignore no-explicit-any -- two types of the same web streams
    const duplex = Duplex.fromWeb(theirs as any);
    duplex.on("error", () => {});
    this.session = http2.connect("http://localhost", {
      createConnection: () => duplex,
      ...(settings === undefined ? {} : { settings }),
    });
    this.session.on("error", () => {});
  }

  /** Sends a request; gives the whole response. */
  request(
    headers: http2.OutgoingHttpHeaders,
    chunks: readonly Uint8Array[] = [],
  ): Promise<
    {
      headers: http2.IncomingHttpHeaders;
      body: Uint8Array;
      trailers: Record<string, unknown>;
    }
  > {
    return new Promise((resolve, reject) => {
      const stream = this.session.request({ ":method": "POST", ...headers });
      let answer: http2.IncomingHttpHeaders = {};
      let trailers: Record<string, unknown> = {};
      const parts: Uint8Array[] = [];
      stream.on("response", (headers) => answer = headers);
      stream.on("trailers", (headers) => trailers = headers);
      stream.on("data", (part: Uint8Array) => parts.push(part.slice()));
      stream.on("error", reject);
      stream.on(
        "end",
        () => resolve({ headers: answer, body: concat(parts), trailers }),
      );
      for (const chunk of chunks) stream.write(chunk);
      stream.end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.session.closed) {
      const closed = new Promise<void>((resolve) =>
        this.session.once("close", () => resolve())
      );
      this.session.close();
      await closed;
    }
    await this.connection.closed;
  }
}

async function echo(stream: Http2Stream): Promise<void> {
  stream.respond([[":status", "200"], ["content-type", "application/grpc"]]);
  let count = 0;
  for (;;) {
    const chunk = await stream.read();
    if (chunk === null) break;
    count += chunk.length;
    await stream.write(chunk);
  }
  await stream.end([["grpc-status", "0"], ["count", String(count)]]);
}

/** Numbers from 0 to 1 that are the same in every run. */
function seeded(seed: number): () => number {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

Deno.test("serveHttp2() answers a node:http2 client with headers, body and trailers", async () => {
  await using peer = new NodePeer(echo);
  const body = Uint8Array.from({ length: 3_000_000 }, (_, i) => i * 31 >> 3);
  const response = await peer.request({ ":path": "/x" }, [body]);
  assertEquals(Number(response.headers[":status"]), 200);
  assertEquals(response.headers["content-type"], "application/grpc");
  assertEquals(response.body, body);
  assertEquals(Object.entries(response.trailers), [
    ["grpc-status", "0"],
    ["count", "3000000"],
  ]);
});

Deno.test("serveHttp2() answers with trailers only", async () => {
  await using peer = new NodePeer((stream) => {
    stream.end([[":status", "200"], ["grpc-status", "12"]]);
  });
  const response = await peer.request({ ":path": "/x" });
  assertEquals(response.headers["grpc-status"], "12");
  assertEquals(response.body.length, 0);
});

Deno.test("HpackDecoder reads what node:http2 encodes: each byte, alone and in a row", async () => {
  const values: string[] = [];
  const all: number[] = [];
  for (let byte = 1; byte < 256; byte++) {
    if (byte === 10 || byte === 13 || byte === 32 || byte === 9) continue;
    all.push(byte);
    // "0" has the shortest code, so that Huffman is worth it for any byte.
    values.push(
      `${"0".repeat(40)}${String.fromCharCode(byte)}${"0".repeat(byte % 8)}`,
    );
  }
  values.push(String.fromCharCode(...all), "e".repeat(5000));
  const seen: string[] = [];
  await using peer = new NodePeer((stream) => {
    seen.push(
      ...stream.headers.filter(([name]) => name.startsWith("x-"))
        .map(([, value]) => value),
    );
    stream.end([[":status", "200"]]);
  });
  // Several requests, for the dynamic table's sake; each list below 64 KiB.
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < values.length; at += 100) {
      const headers: http2.OutgoingHttpHeaders = { ":path": "/x" };
      values.slice(at, at + 100).forEach((value, i) => {
        headers[`x-${String(i).padStart(3, "0")}`] = value;
      });
      await peer.request(headers);
    }
  }
  assertEquals(seen, [...values, ...values]);
});

Deno.test("serveHttp2() echoes 100 concurrent streams of random sizes, byte for byte", async () => {
  const random = seeded(7);
  await using peer = new NodePeer(echo, {}, { initialWindowSize: 1000 });
  const responses = Array.from({ length: 100 }, (_, i) => {
    const chunks = Array.from({ length: 1 + random() * 5 }, () => {
      const size = Math.floor(random() ** 3 * 60_000);
      return Uint8Array.from({ length: size }, () => random() * 256);
    });
    return peer.request({ ":path": `/${i}` }, chunks).then((response) => {
      assertEquals(response.body, concat(chunks));
    });
  });
  await Promise.all(responses);
  assertEquals(peer.connection.streams, 0);
});

Deno.test("Http2Stream is aborted when a node:http2 client cancels", async () => {
  let aborted!: (reason: unknown) => void;
  const reason = new Promise<unknown>((resolve) => aborted = resolve);
  await using peer = new NodePeer((stream) => {
    stream.signal.addEventListener(
      "abort",
      () => aborted(stream.signal.reason),
    );
    stream.respond([[":status", "200"]]);
  });
  const request = peer.session.request({ ":method": "POST", ":path": "/x" });
  request.on("error", () => {});
  request.on("response", () => request.close(http2.constants.NGHTTP2_CANCEL));
  const error = await reason;
  assert(error instanceof Error);
  assertEquals(error.message, "Stream was reset by the peer: CANCEL");
});

Deno.test("serveHttp2() slows a node:http2 client down to the pace of its handler", async () => {
  let go!: () => void;
  const start = new Promise<void>((resolve) => go = resolve);
  let total = 0;
  let buffered = () => 0;
  await using peer = new NodePeer(
    async (stream) => {
      buffered = () => (stream as ServerStream).buffered;
      await start;
      for (;;) {
        const chunk = await stream.read();
        if (chunk === null) break;
        total += chunk.length;
      }
      stream.end([[":status", "200"]]);
    },
    { streamWindow: 65_535, connectionWindow: 65_535 },
  );
  const request = peer.session.request({ ":method": "POST", ":path": "/x" });
  let sent = 0;
  const pump = () => {
    while (sent < 2_000_000) {
      sent += 10_000;
      if (!request.write(new Uint8Array(10_000))) return;
    }
    request.end();
  };
  request.on("drain", pump);
  const answered = new Promise((resolve) => request.on("response", resolve));
  request.resume();
  pump();
  await until(() => buffered() === 65_535, "the window is used up");
  // The window, and what node keeps in its own buffers.
  await untilQuiet(() => sent, () => assert(sent < 200_000, `${sent}`));
  go();
  await answered;
  assertEquals(total, 2_000_000);
});

Deno.test("serveHttp2() finishes a large response after the client's GOAWAY", async () => {
  for (let run = 0; run < 20; run++) {
    const started = Promise.withResolvers<void>();
    await using peer = new NodePeer(async (stream) => {
      started.resolve();
      stream.respond([[":status", "200"]]);
      for (let i = 0; i < 40; i++) await stream.write(new Uint8Array(100_000));
      await stream.end([["grpc-status", "0"]]);
    });
    const response = peer.request({ ":path": "/x" });
    // In the middle of the response, or after it.
    await (run % 4 === 3 ? response : started.promise);
    await new Promise((resolve) => setTimeout(resolve, run % 5));
    peer.session.close();
    assertEquals((await response).body.length, 4_000_000);
    assertEquals(await peer.connection.closed, { reason: "peer" });
  }
});
