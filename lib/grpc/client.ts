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

/**
 * The default for the longest answer message, in bytes; BuildKit has the same
 * limit.
 */
const MAX_MESSAGE_BYTES: number = 16 * 1024 * 1024;

/** Options of a client. */
export interface GrpcClientOptions extends Http2ClientOptions {
  /** The longest message that is accepted, in bytes. @default {16777216} */
  readonly maxMessageBytes?: number;
  /** `:authority` of the calls. @default {"localhost"} */
  readonly authority?: string;
  /** `:scheme` of the calls: `https` over TLS. @default {"http"} */
  readonly scheme?: "http" | "https";
  /** `user-agent` of the calls. @default {"davit"} */
  readonly userAgent?: string;
}

/** Options of one call. */
export interface GrpcCallOptions {
  /** Metadata to send, in order. */
  readonly metadata?: RequestMetadata;
  /** Gives the call up, which then fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Time for the whole call in milliseconds, the wait for a free stream
   * included. It is sent to the server; on this side the call ends with
   * DEADLINE_EXCEEDED whatever the server does. Without it a call has no limit.
   */
  readonly timeout?: number | undefined;
  /**
   * How long the server may send nothing while it is waited for, in
   * milliseconds: for a free stream, or when `read()` has no more bytes. Then
   * the call ends with DEADLINE_EXCEEDED. The time between two reads does not
   * count, so that a slow reader is no fault. The server is not told.
   */
  readonly silence?: number | undefined;
}

/** A method of a server. */
export interface GrpcRemoteMethod<Request, Response> {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Writes requests and reads responses. */
  readonly codec: Codec<Response, Request>;
}

/**
 * Makes calls on one connection. Calls reject with a {@linkcode GrpcError}, or
 * with the reason of their signal. Wrong options are a TypeError or RangeError;
 * nothing is sent then.
 */
export interface GrpcClient extends AsyncDisposable {
  /**
   * Resolves when the server has accepted the connection; rejects with the
   * error with which it ended before.
   */
  readonly opened: Promise<void>;
  /** Resolves when the connection has ended completely. Never rejects. */
  readonly closed: Promise<Http2Close>;
  /** How many calls are open. */
  readonly calls: number;
  /**
   * Whether calls may still be made: not after the connection has ended, or the
   * server has said that it goes away.
   */
  readonly takesCalls: boolean;
  /** Begins a call of any kind, whose messages are given as bytes. */
  open(path: string, options?: GrpcCallOptions): Promise<GrpcClientCall>;
  /** Makes a call with one message in each direction. */
  unary<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    request: Request,
    options?: GrpcCallOptions,
  ): Promise<Response>;
  /**
   * Makes a call with one request and any number of responses. It begins when
   * the loop over the responses begins; leaving the loop gives it up.
   */
  serverStream<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    request: Request,
    options?: GrpcCallOptions,
  ): AsyncGenerator<Response, void>;
  /**
   * Makes a call with any number of requests and one response. `requests` is
   * not read further once the server has answered.
   */
  clientStream<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    requests: Iterable<Request> | AsyncIterable<Request>,
    options?: GrpcCallOptions,
  ): Promise<Response>;
  /**
   * Makes a call with any number of messages in each direction, which are
   * independent of each other. It begins when the loop over the responses
   * begins; leaving the loop gives it up. If `requests` throws, the call is
   * given up and fails with that error.
   */
  bidi<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    requests: Iterable<Request> | AsyncIterable<Request>,
    options?: GrpcCallOptions,
  ): AsyncGenerator<Response, void>;
  /**
   * Closes the connection at once, and with it every call. May be called any
   * number of times.
   */
  close(): Promise<void>;
}

/**
 * Speaks gRPC on `duplex`, which belongs to the client from here on. Messages
 * are not compressed, and calls are not repeated: a {@linkcode GrpcError} with
 * `notProcessed` says that a call may be made again.
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

  get opened(): Promise<void> {
    return this.#http2.opened;
  }

  get closed(): Promise<Http2Close> {
    return this.#http2.closed;
  }

  get calls(): number {
    return this.#http2.streams;
  }

  get takesCalls(): boolean {
    return this.#http2.takesRequests;
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
    const scope = new CallScope(
      options.signal,
      options.timeout,
      options.silence,
    );
    try {
      const { timeoutHeader, signal } = scope;
      const timeout: [string, string][] = timeoutHeader === undefined
        ? []
        : [["grpc-timeout", timeoutHeader]];
      const headers = [...this.#fields(path), ...timeout, ...metadata];
      const stream = await scope.hear(() =>
        this.#http2.request(headers, { signal })
      );
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
    // Not awaited, because the next request may never come. It never rejects.
    void send(call, codec, requests);
    for (;;) {
      const message = await call.read();
      if (message === null) return;
      yield decode(codec, message, path);
    }
  }
}

/**
 * Sends all requests, until the call is over. Never rejects: an error in the
 * requests ends the call.
 */
async function send<Request, Response>(
  call: GrpcClientCall,
  codec: Codec<Response, Request>,
  requests: Iterable<Request> | AsyncIterable<Request>,
): Promise<void> {
  try {
    for await (const request of requests) {
      await call.write(codec.encode(request));
    }
    void call.end();
  } catch (error) {
    // If the call is over, or the server accepts no more messages, reading tells
    // the status; errors of `requests` or of the codec end the call.
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
