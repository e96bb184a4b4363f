import { assertEquals, assertRejects } from "../support/assert.ts";
import http2 from "node:http2";
import { Duplex } from "node:stream";
import type { GrpcMethod } from "../../lib/grpc/method.ts";
import type { GrpcCall } from "../../lib/grpc/call.ts";
import { serveGrpc } from "../../lib/grpc/server.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import { duplexPair } from "../support/duplex_pair.ts";

interface Answer {
  readonly status: unknown;
  readonly message: unknown;
}

/** Calls methods, and gives their status and all that `onError` was told. */
async function callAll(
  methods: Record<string, (call: GrpcCall) => Promise<void>>,
  paths: readonly string[] = Object.keys(methods),
): Promise<{ answers: Answer[]; told: [string, unknown][] }> {
  const [ours, theirs] = duplexPair();
  const told: [string, unknown][] = [];
  await using connection = serveGrpc(
    ours,
    Object.entries(methods).map(([path, handle]): GrpcMethod => ({
      path,
      maxRequestBytes: 1000,
      handle,
    })),
    { onError: (path, error) => told.push([path, error]) },
  );
  const session = connect(theirs);
  const answers: Answer[] = [];
  for (const path of paths) answers.push(await call(session, path));
  session.close();
  await connection.closed;
  return { answers, told };
}

function connect(duplex: ByteDuplex): http2.ClientHttp2Session {
  // deno-lint-ignore no-explicit-any -- two types of the same web streams
  const stream = Duplex.fromWeb(duplex as any);
  stream.on("error", () => {});
  const session = http2.connect("http://localhost", {
    createConnection: () => stream,
  });
  session.on("error", () => {});
  return session;
}

function call(
  session: http2.ClientHttp2Session,
  path: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": "POST", ":path": path });
    let head: http2.IncomingHttpHeaders = {};
    stream.on("response", (headers) => head = { ...head, ...headers });
    stream.on("trailers", (headers) => head = { ...head, ...headers });
    stream.on("error", reject);
    stream.on("end", () =>
      resolve({
        status: head["grpc-status"],
        message: head["grpc-message"],
      }));
    stream.resume();
    stream.end();
  });
}

Deno.test("serveGrpc() tells onError of foreign errors, and the peer nothing of them", async () => {
  const foreign = new TypeError("the password is hunter2");
  const { answers, told } = await callAll({
    "/test/Foreign": () => Promise.reject(foreign),
    "/test/Thrown": () => {
      throw foreign;
    },
    "/test/Own": () =>
      Promise.reject(new GrpcError(GrpcCode.NOT_FOUND, "no such thing")),
    "/test/Good": async () => {},
  });
  assertEquals(answers, [
    { status: "13", message: "internal error" },
    { status: "13", message: "internal error" },
    { status: "5", message: "no such thing" },
    { status: "0", message: undefined },
  ]);
  assertEquals(told, [
    ["/test/Foreign", foreign],
    ["/test/Thrown", foreign],
  ]);
});

Deno.test("serveGrpc() answers an unknown method UNIMPLEMENTED, which is no error of ours", async () => {
  const { answers, told } = await callAll({}, ["/test/None", "/"]);
  const unknown = { status: "12", message: "unknown method" };
  assertEquals(answers, [unknown, unknown]);
  assertEquals(told, []);
});

Deno.test("serveGrpc() tells onError of an answer that can't be sent", async () => {
  const [ours, theirs] = duplexPair();
  const told = Promise.withResolvers<[string, unknown]>();
  await using _ = serveGrpc(ours, [{
    path: "/test/Unsent",
    maxRequestBytes: 1000,
    handle: () => Promise.reject(new GrpcError("5\n" as never, "no code")),
  }], { onError: (path, error) => told.resolve([path, error]) });
  const session = connect(theirs);
  const request = session.request({
    ":method": "POST",
    ":path": "/test/Unsent",
  });
  request.on("error", () => {});
  const [path, error] = await told.promise;
  assertEquals([path, error instanceof TypeError], ["/test/Unsent", true]);
  session.destroy();
});

Deno.test("serveGrpc() tells nobody of a call that the peer gave up", async () => {
  const [ours, theirs] = duplexPair();
  const told: unknown[] = [];
  const entered = Promise.withResolvers<GrpcCall>();
  const left = Promise.withResolvers<void>();
  await using connection = serveGrpc(ours, [{
    path: "/test/Waits",
    maxRequestBytes: 1000,
    async handle(call) {
      entered.resolve(call);
      try {
        await assertRejects(() => call.read());
        throw new Error("of no interest to anybody");
      } finally {
        left.resolve();
      }
    },
  }], { onError: (_, error) => told.push(error) });
  const session = connect(theirs);
  const request = session.request({
    ":method": "POST",
    ":path": "/test/Waits",
  });
  request.on("error", () => {});
  const { signal } = await entered.promise;
  request.close(http2.constants.NGHTTP2_CANCEL);
  await left.promise;
  assertEquals(signal.aborted, true);
  session.close();
  await connection.closed;
  assertEquals(told, []);
});
