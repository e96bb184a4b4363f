import {
  connectHttp2,
  type Http2Client,
  type Http2ClientOptions,
} from "../http2/client.ts";
import type { Http2Close } from "../http2/connection.ts";
import { Http2Error } from "../http2/error.ts";
import type { ByteDuplex } from "../streams/duplex.ts";
import { CallScope } from "./call_scope.ts";
import { ClientCall, type GrpcClientCall } from "./client_call.ts";
import type { Codec } from "./method.ts";
import { metadataFields, type RequestMetadata } from "./request_metadata.ts";
import { GrpcCode, GrpcError } from "./status.ts";
import { transportError } from "./transport_error.ts";

/** The longest answer message unless told otherwise: what BuildKit itself takes. */
const MAX_MESSAGE_BYTES: number = 16 * 1024 * 1024;

/** How a client speaks. */
export interface GrpcClientOptions extends Http2ClientOptions {
  /** The longest message that is taken, in bytes. @default {16777216} */
  readonly maxMessageBytes?: number;
  /** `:authority` of the calls. @default {"localhost"} */
  readonly authority?: string;
  /** `:scheme` of the calls: `https` over TLS. @default {"http"} */
  readonly scheme?: "http" | "https";
  /** `user-agent` of the calls. @default {"davit"} */
  readonly userAgent?: string;
}

/** What one call brings along. */
export interface GrpcCallOptions {
  /** Metadata, in order. */
  readonly metadata?: RequestMetadata;
  /** Gives the call up; it fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds for the whole call, the wait for a stream among them. The
   * server is told; here the call ends with DEADLINE_EXCEEDED, whatever the
   * server does. Without it a call may take for ever.
   */
  readonly timeout?: number | undefined;
}

/** A method of a server's. */
export interface GrpcRemoteMethod<Request, Response> {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Writes requests and reads responses. */
  readonly codec: Codec<Response, Request>;
}

/**
 * Makes calls on one connection. All reject with a {@linkcode GrpcError}, or
 * with the reason of their signal; what is wrong with their options is a
 * TypeError or RangeError, and nothing is sent then.
 */
export interface GrpcClient extends AsyncDisposable {
  /** Fulfils once the connection is over and nothing is left. Never rejects. */
  readonly closed: Promise<Http2Close>;
  /** Calls that are under way. */
  readonly calls: number;
  /** Begins a call, of any kind, whose messages are bytes. */
  open(path: string, options?: GrpcCallOptions): Promise<GrpcClientCall>;
  /** A call with one message each way. */
  unary<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    request: Request,
    options?: GrpcCallOptions,
  ): Promise<Response>;
  /**
   * A call with one request and any number of responses. It begins with the
   * loop over them; leaving the loop gives it up.
   */
  serverStream<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    request: Request,
    options?: GrpcCallOptions,
  ): AsyncGenerator<Response, void>;
  /**
   * A call with any number of requests and one response. `requests` is not
   * read further once the server has answered.
   */
  clientStream<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    requests: Iterable<Request> | AsyncIterable<Request>,
    options?: GrpcCallOptions,
  ): Promise<Response>;
  /**
   * A call with any number of messages each way, independent of each other. It
   * begins with the loop over the responses; leaving the loop gives it up. If
   * `requests` throws, the call is given up and fails with that.
   */
  bidi<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    requests: Iterable<Request> | AsyncIterable<Request>,
    options?: GrpcCallOptions,
  ): AsyncGenerator<Response, void>;
  /** Drops the connection and every call on it, at once. Any number of times. */
  close(): Promise<void>;
}

/**
 * Speaks gRPC on `duplex`, which belongs to the client from here on. Nothing is
 * compressed, and no call is made again by itself: a {@linkcode GrpcError} with
 * `notProcessed` says that it could be.
 *
 * @throws {RangeError} If an option is out of its range.
 */
export function connectGrpc(
  duplex: ByteDuplex,
  options: GrpcClientOptions = {},
): GrpcClient {
  return new Client(connectHttp2(duplex, options), options);
}

class Client implements GrpcClient {
  readonly #http2: Http2Client;
  readonly #maxMessageBytes: number;
  readonly #fields: (path: string) => [string, string][];

  constructor(http2: Http2Client, options: GrpcClientOptions) {
    const {
      maxMessageBytes = MAX_MESSAGE_BYTES,
      authority = "localhost",
      scheme = "http",
      userAgent = "davit",
    } = options;
    this.#http2 = http2;
    this.#maxMessageBytes = maxMessageBytes;
    this.#fields = (path) => [
      [":method", "POST"],
      [":scheme", scheme],
      [":path", path],
      [":authority", authority],
      ["content-type", "application/grpc"],
      ["user-agent", userAgent],
      ["te", "trailers"],
    ];
  }

  get closed(): Promise<Http2Close> {
    return this.#http2.closed;
  }

  get calls(): number {
    return this.#http2.streams;
  }

  close(): Promise<void> {
    return this.#http2.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async open(
    path: string,
    options: GrpcCallOptions = {},
  ): Promise<GrpcClientCall> {
    const metadata = metadataFields(options.metadata ?? []);
    const scope = new CallScope(options.signal, options.timeout);
    try {
      const { timeoutHeader, signal } = scope;
      const timeout: [string, string][] = timeoutHeader === undefined
        ? []
        : [["grpc-timeout", timeoutHeader]];
      const headers = [...this.#fields(path), ...timeout, ...metadata];
      const stream = await this.#http2.request(headers, { signal });
      return new ClientCall(stream, scope, this.#maxMessageBytes);
    } catch (error) {
      scope.close();
      throw error instanceof Http2Error ? transportError(error) : error;
    }
  }

  unary<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    request: Request,
    options?: GrpcCallOptions,
  ): Promise<Response> {
    return this.clientStream(method, [request], options);
  }

  serverStream<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    request: Request,
    options?: GrpcCallOptions,
  ): AsyncGenerator<Response, void> {
    return this.bidi(method, [request], options);
  }

  async clientStream<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    requests: Iterable<Request> | AsyncIterable<Request>,
    options?: GrpcCallOptions,
  ): Promise<Response> {
    const responses: Response[] = [];
    for await (const response of this.bidi(method, requests, options)) {
      responses.push(response);
      if (responses.length > 1) break;
    }
    if (responses.length === 1) return responses[0]!;
    throw new GrpcError(
      GrpcCode.INTERNAL,
      `The server answered ${method.path} with ${
        responses.length === 0 ? "no message" : "more than one message"
      }`,
    );
  }

  async *bidi<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    requests: Iterable<Request> | AsyncIterable<Request>,
    options?: GrpcCallOptions,
  ): AsyncGenerator<Response, void> {
    const { path, codec } = method;
    await using call = await this.open(path, options);
    const state = { over: false };
    // Not waited for: the next request may never come. It never rejects.
    void send(call, codec, requests, state);
    try {
      for (;;) {
        const message = await call.read();
        if (message === null) return;
        yield decode(codec, message, path);
      }
    } finally {
      state.over = true;
    }
  }
}

/** Sends all requests. Never rejects: what goes wrong with them ends the call. */
async function send<Request, Response>(
  call: GrpcClientCall,
  codec: Codec<Response, Request>,
  requests: Iterable<Request> | AsyncIterable<Request>,
  state: { readonly over: boolean },
): Promise<void> {
  try {
    for await (const request of requests) {
      if (state.over) return;
      await call.write(codec.encode(request));
    }
    await call.end();
  } catch (error) {
    // A server that wants no more has its status read; what `requests` or the
    // codec throw is the call's end.
    if (!(error instanceof GrpcError)) call.cancel(error);
  }
}

function decode<Request, Response>(
  codec: Codec<Response, Request>,
  message: Uint8Array,
  path: string,
): Response {
  try {
    return codec.decode(message);
  } catch (cause) {
    throw new GrpcError(
      GrpcCode.INTERNAL,
      `The server's answer to ${path} can't be read`,
      { cause },
    );
  }
}
