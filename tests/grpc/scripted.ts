/** Servers in HTTP/2 that answer calls of ours in any way. */
import { assertEquals, assertRejects } from "../support/assert.ts";
import {
  connectGrpc,
  type GrpcClient,
  type GrpcClientOptions,
} from "../../lib/grpc/client.ts";
import { framePrefix } from "../../lib/grpc/frame.ts";
import { GrpcError } from "../../lib/grpc/status.ts";
import type { Http2Connection } from "../../lib/http2/connection.ts";
import type { HeaderField } from "../../lib/http2/hpack_table.ts";
import {
  type Http2ServerOptions,
  type Http2Stream,
  serveHttp2,
} from "../../lib/http2/server.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { method } from "./calls.ts";

/** Head of an answer that is gRPC. */
export const HEAD: HeaderField[] = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];
/** A message of nothing. */
export const NOTHING: Uint8Array = new Uint8Array();

/** A client, and a server that answers whatever a test says. */
export class Scripted implements AsyncDisposable {
  readonly client: GrpcClient;
  readonly server: Http2Connection;
  readonly streams: Http2Stream[] = [];

  constructor(
    handler: (stream: Http2Stream) => unknown = () => {},
    options: GrpcClientOptions = {},
    serverOptions: Http2ServerOptions = {},
  ) {
    const [ours, theirs] = duplexPair();
    this.server = serveHttp2(theirs, async (stream) => {
      this.streams.push(stream);
      await handler(stream);
    }, serverOptions);
    this.client = connectGrpc(ours, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.server.close();
  }
}

/** Sends messages. */
export function say(
  stream: Http2Stream,
  ...messages: readonly Uint8Array[]
): void {
  for (const message of messages) {
    stream.write(framePrefix(message.length), message);
  }
}

/** What a unary call fails with that is answered like this. */
export async function failure(
  answer: (stream: Http2Stream) => unknown,
  options?: GrpcClientOptions,
): Promise<GrpcError> {
  await using scripted = new Scripted(answer, options);
  const error = await assertRejects(
    () => scripted.client.unary(method("X"), NOTHING),
    GrpcError,
  );
  assertEquals(scripted.client.calls, 0);
  return error;
}
