import type { Http2Connection } from "../http2/connection.ts";
import { type Http2Stream, serveHttp2 } from "../http2/server.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import type { GrpcServerCall } from "./call.ts";
import { MessageReader, MessageWriter } from "./frame.ts";
import type { GrpcMethod } from "./method.ts";
import { GrpcCode, GrpcError, statusTrailers } from "./status.ts";

/** Called with errors inside of the methods, of which the peer is told less. */
export interface GrpcServerOptions {
  /** A call ended with an error that is not a {@linkcode GrpcError}. */
  readonly onError?: (path: string, error: unknown) => void;
}

/**
 * Serves gRPC on one connection until it ends.
 *
 * It has only what BuildKit's session needs: no compression, no reflection,
 * methods by their exact path. An unknown method is answered with
 * UNIMPLEMENTED, on which the engine does without it.
 */
export function serveGrpc(
  duplex: ByteDuplex,
  methods: readonly GrpcMethod[],
  options: GrpcServerOptions = {},
): Http2Connection {
  const byPath = new Map(methods.map((method) => [method.path, method]));
  return serveHttp2(duplex, (stream) => {
    const path = stream.get(":path")!; // requests without one are refused
    answer(stream, byPath.get(path)).catch((error) => {
      // The peer has gone or has given the call up: an answer can't be sent.
      if (stream.signal.aborted) return;
      options.onError?.(path, error);
    });
  });

  async function answer(
    stream: Http2Stream,
    method: GrpcMethod | undefined,
  ): Promise<void> {
    if (method === undefined) {
      return stream.end([
        [":status", "200"],
        ["content-type", "application/grpc"],
        ...statusTrailers(
          new GrpcError(GrpcCode.UNIMPLEMENTED, "unknown method"),
        ),
      ]);
    }
    stream.respond([
      [":status", "200"],
      ["content-type", "application/grpc"],
    ]);
    try {
      await method.handle(callOf(stream, method));
    } catch (error) {
      if (stream.signal.aborted) throw error;
      if (!(error instanceof GrpcError)) options.onError?.(method.path, error);
      return stream.end(statusTrailers(error));
    }
    return stream.end(statusTrailers());
  }
}

function callOf(stream: Http2Stream, method: GrpcMethod): GrpcServerCall {
  const messages = new MessageReader(
    () => stream.read(),
    method.maxRequestBytes,
  );
  const writer = new MessageWriter((...parts) => stream.write(...parts));
  return {
    get signal() {
      return stream.signal;
    },
    metadata: (key) => stream.getAll(key),
    read: () => messages.next(),
    write: (...parts) => writer.write(parts),
    writeFramed: (messages) => stream.write(messages),
  };
}
