/** Servers that are not ours as the client's peer: node:http2 and Debian's nghttpd. */
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import http2 from "node:http2";
import { Duplex } from "node:stream";
import { connectHttp2, type Http2Client } from "../../lib/http2/client.ts";
import type { Http2ClientStream } from "../../lib/http2/client_stream.ts";
import { Http2Error } from "../../lib/http2/error.ts";
import type { HeaderField } from "../../lib/http2/hpack_table.ts";
import { connDuplex } from "../../lib/transport/conn.ts";
import { nghttpdProgram } from "../engines/packages.ts";
import { concat } from "../support/concat.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { Random } from "../support/random.ts";
import { until } from "../support/until.ts";

function request(method: string, path: string): HeaderField[] {
  return [
    [":method", method],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
  ];
}

/** Sends a body and reads the whole response, at the same time. */
async function exchange(
  stream: Http2ClientStream,
  ...chunks: readonly Uint8Array[]
): Promise<{ head: readonly HeaderField[]; body: Uint8Array }> {
  const send = async () => {
    for (const chunk of chunks) await stream.write(chunk);
    await stream.end();
  };
  const [body] = await Promise.all([bodyOf(stream), send()]);
  return { head: await stream.response, body };
}

async function bodyOf(stream: Http2ClientStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const chunk = await stream.read();
    if (chunk === null) return concat(parts);
    parts.push(chunk);
  }
}

/** A client of node's server, with what the server does with each stream. */
class NodeServer implements AsyncDisposable {
  readonly client: Http2Client;
  readonly sessions: http2.ServerHttp2Session[] = [];
  readonly #server: http2.Http2Server;
  readonly #closed = Promise.withResolvers<void>();

  constructor(
    onStream: (
      stream: http2.ServerHttp2Stream,
      headers: http2.IncomingHttpHeaders,
    ) => void,
    settings: http2.Settings = {},
  ) {
    const [ours, theirs] = duplexPair();
    this.#server = http2.createServer({ settings });
    this.#server.on("session", (session) => {
      this.sessions.push(session);
      session.on("error", () => {});
      session.on("close", () => this.#closed.resolve());
    });
    this.#server.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      onStream(stream, headers);
    });
    // deno-lint-ignore no-explicit-any -- two types of the same web streams
    const duplex = Duplex.fromWeb(theirs as any);
    duplex.on("error", () => {});
    this.client = connectHttp2(ours);
    this.#server.emit("connection", duplex);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.#closed.promise;
  }
}

function echo(stream: http2.ServerHttp2Stream): void {
  let count = 0;
  stream.respond({ ":status": 200, "a": "b" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => {
    stream.sendTrailers({ "count": String(count) });
  });
  stream.on("data", (chunk: Uint8Array) => {
    count += chunk.length;
    stream.write(chunk.slice());
  });
  stream.on("end", () => stream.end());
}

Deno.test("connectHttp2() speaks with node:http2: 50 streams at once, byte for byte", async () => {
  await using server = new NodeServer(echo, {
    maxConcurrentStreams: 7,
    initialWindowSize: 5_000,
    maxHeaderListSize: 4_096,
  });
  const random = new Random(11);
  await Promise.all(Array.from({ length: 50 }, async (_, index) => {
    const chunks = Array.from(
      { length: 1 + random.below(4) },
      () => random.bytes(random.below(60_000)),
    );
    const stream = await server.client.request(request("POST", `/${index}`));
    const { head, body } = await exchange(stream, ...chunks);
    assertEquals(head[0], [":status", "200"]);
    assertEquals(head.find(([name]) => name === "a"), ["a", "b"]);
    assertEquals(body, concat(chunks));
    assertEquals(stream.trailers, [["count", String(body.length)]]);
  }));
  assertEquals(server.client.streams, 0);
  await assertRejects(
    () =>
      server.client.request([
        ...request("POST", "/"),
        ["a", "b".repeat(5_000)],
      ]),
    RangeError,
  );
});

Deno.test("connectHttp2() hears what a node:http2 server resets, and is heard", async () => {
  let gone: Promise<number> | undefined;
  await using server = new NodeServer((stream, headers) => {
    if (headers[":path"] === "/refused") {
      stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    } else {
      stream.respond({ ":status": 200 });
      gone = new Promise((resolve) =>
        stream.on("close", () => resolve(stream.rstCode))
      );
    }
  });
  const refused = await server.client.request(request("POST", "/refused"));
  const error = await assertRejects(() => refused.read(), Http2Error);
  assertEquals([error.code, error.notProcessed], [7, true]);
  const given = await server.client.request(request("POST", "/given"));
  await given.response;
  given.reset();
  assertEquals(await gone, http2.constants.NGHTTP2_CANCEL);
});

Deno.test("connectHttp2() lets streams finish when a node:http2 server goes away", async () => {
  let go!: () => void;
  await using server = new NodeServer((stream) => {
    stream.respond({ ":status": 200 });
    stream.resume();
    go = () => stream.end(new Uint8Array(100_000));
  });
  const stream = await server.client.request(request("POST", "/"));
  await stream.response;
  server.sessions[0]!.close();
  await until(
    () =>
      server.client.request(request("POST", "/")).then(
        (late) => late.reset(),
        (error: Http2Error) => error.notProcessed,
      ),
    "the client knows that the server goes away",
  );
  go();
  const { body } = await exchange(stream);
  assertEquals(body.length, 100_000);
  assertEquals((await server.client.closed).reason, "peer");
});

/** Debian's nghttpd on a free port, in a folder with one file. */
async function nghttpd(
  args: readonly string[],
): Promise<AsyncDisposable & { connect(): Promise<Http2Client> }> {
  const { path, libraries } = await nghttpdProgram();
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "davit-nghttpd-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.writeFile(`${folder}/file`, FILE);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const child = new Deno.Command(path, {
    args: [
      ...["--no-tls", "-a", "127.0.0.1", "-d", folder],
      ...args,
      String(port),
    ],
    env: { LD_LIBRARY_PATH: libraries },
    stdout: "null",
    stderr: "null",
  }).spawn();
  stack.defer(async () => {
    child.kill("SIGKILL");
    await child.status;
  });
  const dial = () =>
    Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
  (await until(dial, "nghttpd listens")).close();
  const whole = stack.move();
  return {
    connect: async () =>
      connectHttp2(
        connDuplex(await Deno.connect({ hostname: "127.0.0.1", port })),
      ),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

const FILE = new Random(3).bytes(300_000);

Deno.test("connectHttp2() speaks with nghttpd: padding, small windows, trailers, few streams", async () => {
  await using server = await nghttpd([
    ...["-b", "255", "-m", "3", "-w", "10", "-W", "16"],
    ...["--echo-upload", "--trailer", "grpc-status: 0", "-p", "/file=/other"],
  ]);
  await using client = await server.connect();
  const random = new Random(5);
  await Promise.all(Array.from({ length: 12 }, async (_, index) => {
    if (index % 2 === 0) {
      const stream = await client.request(request("GET", "/file"), {
        endStream: true,
      });
      assertEquals(await bodyOf(stream), FILE);
      assertEquals(stream.trailers, [["grpc-status", "0"]]);
    } else {
      const chunk = random.bytes(50_000 + random.below(50_000));
      const stream = await client.request(request("POST", "/"));
      const { body } = await exchange(stream, chunk);
      assertEquals(body, chunk);
    }
  }));
  const missing = await client.request(request("GET", "/missing"), {
    endStream: true,
  });
  assertEquals((await missing.response)[0], [":status", "404"]);
  missing.reset();
  assertEquals(client.streams, 0);
});

Deno.test("connectHttp2() leaves the rest of a request when nghttpd has answered already", async () => {
  await using server = await nghttpd(["--early-response"]);
  await using client = await server.connect();
  for (let round = 0; round < 20; round++) {
    const stream = await client.request(request("GET", "/file"));
    assertEquals(await bodyOf(stream), FILE);
    const error = await assertRejects(
      async () => await stream.write(new Uint8Array(1)),
      Http2Error,
    );
    assertEquals(error.code, 0);
    assert(!stream.signal.aborted);
  }
});
