import type { ByteDuplex } from "../streams/duplex.ts";
import { ClientStream, type Http2ClientStream } from "./client_stream.ts";
import {
  Connection,
  grantsOf,
  type Http2Close,
  type Http2Connection,
  type Http2Options,
} from "./connection.ts";
import { connectionError, ErrorCode, Http2Error } from "./error.ts";
import { requestFault } from "./header_rules.ts";
import { encodeHeaders } from "./hpack_encode.ts";
import { fieldSize, type HeaderField } from "./hpack_table.ts";
import type { Http2KeepaliveOptions } from "./keepalive.ts";
import { MAX_CONCURRENT_STREAMS } from "./limits.ts";
import { CLIENT } from "./role.ts";
import type { PeerSettings } from "./settings.ts";

/**
 * How many streams may be opened before the server has sent its limit: enough
 * for the first requests, and few enough for a server with a low limit not to
 * refuse any.
 */
const STREAMS_BEFORE_SETTINGS = 1;

/** The longest time that a timer can have, in milliseconds. */
const LONGEST_TIMEOUT_MS = 0x7fffffff;

/**
 * What a client grants to its server, and how long it waits for the server's
 * SETTINGS.
 */
export interface Http2ClientOptions extends Http2Options {
  /**
   * How long the server may take to send its first SETTINGS, in milliseconds;
   * after that the connection ends. @default {10000}
   */
  settingsTimeout?: number;
  /**
   * Ends a connection whose server is gone without a word; unless given, it is
   * kept whatever the server does.
   */
  keepalive?: Http2KeepaliveOptions | undefined;
}

/** Options of a request. */
export interface Http2RequestOptions {
  /**
   * Ends the wait for a stream: the promise rejects with the signal's reason. A
   * stream that is already open is not affected; end it by its `reset()`.
   */
  readonly signal?: AbortSignal | undefined;
  /** Whether the request has no body. @default {false} */
  readonly endStream?: boolean;
}

/** The client's side of a connection. */
export interface Http2Client extends Http2Connection {
  /**
   * Resolves when the server has sent its SETTINGS: it speaks HTTP/2, and has
   * accepted the connection. Rejects with the error with which the connection
   * ended before.
   */
  readonly opened: Promise<void>;
  /**
   * Whether requests may still be made: not after the connection has ended, or
   * the server has sent GOAWAY.
   */
  readonly takesRequests: boolean;
  /**
   * Opens a stream, and sends a request's fields, pseudo headers first.
   *
   * The server limits how many streams may be open at once; further requests
   * wait for a free one, in their order.
   *
   * @throws {TypeError} If a field can't be sent, or one is missing. Nothing is
   * sent then.
   * @throws {RangeError} If the fields are longer than the server allows.
   * @throws {Http2Error} If the connection has ended, or the server has sent
   * GOAWAY: with `notProcessed`.
   */
  request(
    headers: readonly HeaderField[],
    options?: Http2RequestOptions,
  ): Promise<Http2ClientStream>;
}

/**
 * Speaks HTTP/2 on `duplex` as the client, with prior knowledge (RFC 9113
 * section 3.3). The first request is sent without waiting for the server's
 * SETTINGS; all others wait for them.
 *
 * When the server sends GOAWAY, the streams that it names as accepted go on to
 * their end, and later ones fail with `notProcessed`. Server push is refused.
 *
 * Both streams of `duplex` belong to the connection from here on. The chunks
 * written to `duplex.writable` are used again once their write has settled.
 *
 * @throws {RangeError} If an option is out of its range.
 */
export function connectHttp2(
  duplex: ByteDuplex,
  options: Http2ClientOptions = {},
): Http2Client {
  const { settingsTimeout = 10_000 } = options;
  if (!(settingsTimeout >= 1 && settingsTimeout <= LONGEST_TIMEOUT_MS)) {
    throw new RangeError(
      `Cannot speak HTTP/2: settingsTimeout is ${settingsTimeout}, expected 1 to ${LONGEST_TIMEOUT_MS} ms`,
    );
  }
  return new Client(duplex, options, settingsTimeout);
}

/** A request that waits for a stream. */
interface Waiting {
  readonly block: Uint8Array;
  readonly size: number;
  readonly endStream: boolean;
  resolve(stream: Http2ClientStream): void;
  reject(error: unknown): void;
}

class Client implements Http2Client {
  readonly #connection: Connection;
  /**
   * The waiting requests in their order; those that were given up are removed.
   */
  readonly #line = new Set<Waiting>();
  readonly opened: Promise<void>;
  readonly #opening = Promise.withResolvers<void>();
  readonly #settingsTimer: ReturnType<typeof setTimeout>;
  #settled = false;
  #maxStreams = STREAMS_BEFORE_SETTINGS;
  #maxHeaderListSize = Infinity;
  #nextId = 1;
  #lastStreamId = Infinity;
  /** Why no more streams can be opened; null while they can. */
  #gone: Http2Error | null = null;

  constructor(
    duplex: ByteDuplex,
    options: Http2ClientOptions,
    settingsTimeout: number,
  ) {
    // The number of streams is not sent: `CLIENT` does not let a server open
    // any.
    const grants = grantsOf(options, MAX_CONCURRENT_STREAMS);
    this.opened = this.#opening.promise;
    this.opened.catch(() => {}); // nobody has to wait for it
    this.#connection = new Connection(duplex, CLIENT, grants, {
      settings: (settings) => this.#obey(settings),
      goaway: (last, error) => this.#onGoaway(last, error),
      forgotten: () => this.#admit(),
      over: (error) => {
        clearTimeout(this.#settingsTimer);
        this.#opening.reject(error);
        this.#refuse(error.message, error);
      },
    }, options.keepalive);
    this.#settingsTimer = setTimeout(() => {
      this.#connection.abort(
        new Http2Error(
          `Server sent no SETTINGS within ${settingsTimeout} ms: does it speak HTTP/2?`,
          { code: ErrorCode.SETTINGS_TIMEOUT },
        ),
      );
    }, settingsTimeout);
  }

  get closed(): Promise<Http2Close> {
    return this.#connection.closed;
  }

  get streams(): number {
    return this.#connection.streams;
  }

  get takesRequests(): boolean {
    return this.#gone === null;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async request(
    headers: readonly HeaderField[],
    options: Http2RequestOptions = {},
  ): Promise<Http2ClientStream> {
    const { signal, endStream = false } = options;
    const fault = requestFault(headers);
    if (fault !== undefined) {
      throw new TypeError(`Cannot send the request: ${fault}`);
    }
    const block = encodeHeaders(headers);
    const size = headers.reduce((sum, field) => sum + fieldSize(field), 0);
    signal?.throwIfAborted();
    if (this.#gone !== null) throw this.#gone;
    const { promise, resolve, reject } = Promise.withResolvers<
      Http2ClientStream
    >();
    const waiting = { block, size, endStream, resolve, reject };
    const giveUp = () => {
      this.#line.delete(waiting);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", giveUp);
    this.#line.add(waiting);
    this.#admit();
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Opens streams for waiting requests, as many as the server allows. */
  #admit(): void {
    for (const waiting of this.#line) {
      const { host } = this.#connection;
      if (this.#gone !== null || host.size >= this.#maxStreams) return;
      this.#line.delete(waiting);
      const { block, size, endStream } = waiting;
      if (size > this.#maxHeaderListSize) {
        waiting.reject(
          new RangeError(
            `Cannot send the request: it has ${size} bytes of headers, the server takes ${this.#maxHeaderListSize}`,
          ),
        );
        continue;
      }
      const stream = new ClientStream(this.#nextId, host, block, endStream);
      this.#nextId += 2;
      host.add(stream, 0);
      waiting.resolve(stream);
    }
  }

  #obey(settings: PeerSettings): void {
    if (!this.#settled) {
      this.#settled = true;
      clearTimeout(this.#settingsTimer);
      this.#opening.resolve();
      this.#maxStreams = Infinity;
    }
    this.#maxStreams = settings.maxConcurrentStreams ?? this.#maxStreams;
    this.#maxHeaderListSize = settings.maxHeaderListSize ??
      this.#maxHeaderListSize;
    this.#admit();
  }

  #onGoaway(lastStreamId: number, error: Http2Error | null): void {
    if (lastStreamId > this.#lastStreamId) {
      throw connectionError(
        ErrorCode.PROTOCOL_ERROR,
        "GOAWAY names a later stream than the one before",
      );
    }
    this.#lastStreamId = lastStreamId;
    this.#refuse(error?.message ?? "Server goes away", error);
    for (const stream of this.#connection.host.open()) {
      if (stream.id <= lastStreamId) continue;
      stream.fail(notProcessed(this.#gone!.message, error, stream.id), true);
    }
  }

  /** Opens no more streams, and fails the waiting requests. */
  #refuse(message: string, error: Http2Error | null): void {
    this.#gone ??= notProcessed(message, error);
    for (const waiting of this.#line) waiting.reject(this.#gone);
  }
}

function notProcessed(
  message: string,
  error: Http2Error | null,
  streamId = 0,
): Http2Error {
  return new Http2Error(message, {
    code: error?.code ?? ErrorCode.NO_ERROR,
    streamId,
    remote: error?.remote ?? true,
    notProcessed: true,
    ...(error === null ? {} : { cause: error }),
  });
}
