/** grpc-js, gRPC's own implementation for node, as the client's server. */
import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { Duplex } from "node:stream";
import { npmModules } from "../engines/npm_modules.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { connectGrpc, type GrpcClient } from "../../lib/grpc/client.ts";
import { decodeBinary } from "../../lib/grpc/received_status.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { method, NUMBERS, numbers } from "./calls.ts";

const modules = await npmModules("grpc-js", ["@grpc/grpc-js@1.14.7"]);
const grpc: typeof import("./grpc_js.d.ts") = createRequire(`${modules}/`)(
  "@grpc/grpc-js",
);

const same = (bytes: Uint8Array) => bytes;

const SERVICE = Object.fromEntries(
  [
    ["Unary", false, false],
    ["ServerStream", false, true],
    ["ClientStream", true, false],
    ["Bidi", true, true],
    ["Fail", false, true],
    ["Early", true, false],
    ["Wait", false, false],
  ].map(([name, requestStream, responseStream]) => [name, {
    path: `/test.Test/${name}`,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  }]),
);

class GrpcJs implements AsyncDisposable {
  readonly client: GrpcClient;
  /** When a call of Wait was given up. */
  readonly cancelled = Promise.withResolvers<void>();
  readonly #server = new grpc.Server({
    "grpc.max_receive_message_length": -1,
  });

  constructor() {
    this.#server.addService(SERVICE, {
      Unary(call, done) {
        const head = new grpc.Metadata();
        for (const value of call.metadata.get("ask")) head.add("answer", value);
        const [bin] = call.metadata.get("raw-bin");
        if (bin !== undefined) head.add("raw-bin", bin);
        call.sendMetadata(head);
        done(null, Buffer.from(call.request).reverse());
      },
      ServerStream(call) {
        for (let i = 0; i < call.request[0]!; i++) call.write(Buffer.from([i]));
        call.end();
      },
      ClientStream(call, done) {
        let sum = 0;
        call.on("data", (bytes) => sum += bytes[0]!);
        call.on("end", () => done(null, Buffer.from([sum])));
      },
      Bidi(call) {
        call.on("data", (bytes) => call.write(Buffer.from(bytes)));
        call.on("end", () => call.end());
      },
      Fail(call) {
        const metadata = new grpc.Metadata();
        metadata.set("why", "because");
        metadata.set("grpc-status-details-bin", Buffer.from("0805", "hex"));
        call.write(Buffer.from([1]));
        call.emit("error", { code: 5, details: "ü 100%", metadata });
      },
      Early(_call, done) {
        done({ code: 9, details: "no more" });
      },
      Wait: (call) => {
        call.on("cancelled", () => this.cancelled.resolve());
      },
    });
    const [ours, theirs] = duplexPair();
    // deno-lint-ignore no-explicit-any -- two types of the same web streams
    const duplex = Duplex.fromWeb(theirs as any);
    duplex.on("error", () => {});
    this.#server.createConnectionInjector(
      grpc.ServerCredentials.createInsecure(),
    ).injectConnection(duplex);
    this.client = connectGrpc(ours);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    this.#server.forceShutdown();
  }
}

Deno.test("a grpc-js server is called in all four ways", async () => {
  await using server = new GrpcJs();
  const { client } = server;
  assertEquals(
    await client.unary(method("Unary"), Uint8Array.of(1, 2, 3)),
    Uint8Array.of(3, 2, 1),
  );
  assertEquals(
    await numbers(
      client.serverStream(method("ServerStream"), Uint8Array.of(4)),
    ),
    [0, 1, 2, 3],
  );
  assertEquals(
    await client.clientStream(method("ClientStream"), NUMBERS),
    Uint8Array.of(10),
  );
  assertEquals(
    await numbers(client.bidi(method("Bidi"), NUMBERS)),
    [1, 2, 3, 4],
  );
  assertEquals(client.calls, 0);
});

Deno.test("a grpc-js server echoes messages of any size", async () => {
  await using server = new GrpcJs();
  const sizes = [0, 1, 5, 16_379, 16_384, 65_535, 3_000_000];
  const messages = sizes.map((size) =>
    Uint8Array.from({ length: size }, (_, i) => i * 7 + (i >> 8))
  );
  let index = 0;
  for await (
    const message of server.client.bidi(method("Bidi"), messages)
  ) {
    assert(Buffer.compare(message, messages[index++]!) === 0);
  }
  assertEquals(index, sizes.length);
});

Deno.test("metadata goes to a grpc-js server and comes back, text and bytes", async () => {
  await using server = new GrpcJs();
  await using call = await server.client.open("/test.Test/Unary", {
    metadata: [
      ["ask", "one"],
      ["ask", "two"],
      ["raw-bin", Uint8Array.of(0, 255, 7, 8)],
    ],
  });
  await call.write(new Uint8Array(2));
  await call.end();
  const head = await call.head();
  assertEquals(
    head.filter(([key]) => key === "answer").map(([, value]) => value),
    // grpc-js joins what it is given twice.
    call.metadata("answer"),
  );
  assertEquals(call.metadata("answer").join(", "), "one, two");
  assertEquals(
    decodeBinary(call.metadata("raw-bin")[0]!),
    Uint8Array.of(0, 255, 7, 8),
  );
  assertEquals(await call.read(), new Uint8Array(2));
  assertEquals(await call.read(), null);
});

Deno.test("the status of a grpc-js server comes with its message, details and metadata", async () => {
  await using server = new GrpcJs();
  const seen: number[] = [];
  const error = await assertRejects(async () => {
    for await (
      const message of server.client.serverStream(
        method("Fail"),
        new Uint8Array(),
      )
    ) seen.push(message[0]!);
  }, GrpcError);
  assertEquals(seen, [1]);
  assertEquals([error.code, error.message], [GrpcCode.NOT_FOUND, "ü 100%"]);
  assertEquals(error.metadata.find(([key]) => key === "why"), [
    "why",
    "because",
  ]);
  assertEquals([error.details, error.cause], [[], undefined]);
});

Deno.test("a grpc-js server that wants no more messages ends the call with its status", async () => {
  await using server = new GrpcJs();
  let asked = 0;
  let returned = false;
  async function* endless() {
    try {
      for (;;) {
        asked++;
        yield new Uint8Array(10_000);
        await new Promise((resolve) => setTimeout(resolve));
      }
    } finally {
      returned = true;
    }
  }
  const error = await assertRejects(
    () => server.client.clientStream(method("Early"), endless()),
    GrpcError,
  );
  assertEquals([error.code, error.message], [9, "no more"]);
  const before = asked;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert(asked <= before + 1);
  assert(returned);
  const unknown = await assertRejects(
    () => server.client.unary(method("None"), new Uint8Array()),
    GrpcError,
  );
  assertEquals(unknown.code, GrpcCode.UNIMPLEMENTED);
});

Deno.test("a grpc-js server hears that a call is given up, and of its deadline", async () => {
  for (const how of ["signal", "timeout"]) {
    await using server = new GrpcJs();
    const controller = new AbortController();
    const call = server.client.unary(
      method("Wait"),
      new Uint8Array(),
      how === "signal" ? { signal: controller.signal } : { timeout: 30 },
    );
    const rejected = assertRejects(() => call);
    if (how === "signal") {
      await server.client.unary(method("Unary"), new Uint8Array());
      controller.abort(new Error("tired"));
    }
    const error = await rejected;
    if (how === "signal") assertEquals(error.message, "tired");
    else assertEquals((error as GrpcError).code, GrpcCode.DEADLINE_EXCEEDED);
    await server.cancelled.promise;
    assertEquals(server.client.calls, 0);
  }
});
