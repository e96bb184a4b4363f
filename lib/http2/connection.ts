import type { ByteDuplex } from "../streams/duplex.ts";
import { Endpoint } from "./endpoint.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import { CLIENT_PREFACE, encodeGoaway } from "./frame.ts";
import { FrameReader } from "./frame_reader.ts";
import {
  CONNECTION_WINDOW,
  INITIAL_WINDOW,
  LARGEST_WINDOW,
  LINGER_MS,
  MAX_CONCURRENT_STREAMS,
  STREAM_WINDOW,
} from "./limits.ts";
import { Output } from "./output.ts";
import type { Http2Stream, ServerStream } from "./stream.ts";

/** What a connection grants to its peer. */
export interface Http2Options {
  /** Streams open at once. @default {1000} */
  maxConcurrentStreams?: number;
  /** Bytes of one request body that may wait unread, at least 65 535. @default {1048576} */
  streamWindow?: number;
  /** Bytes of all request bodies that may wait unread, at least 65 535. @default {16777216} */
  connectionWindow?: number;
}

/** How a connection ended. */
export interface Http2Close {
  /** `close()` was called, the peer hung up or finished, or something broke. */
  readonly reason: "local" | "peer" | "error";
  /**
   * What broke: an `Http2Error`, or what the duplex failed with. With
   * `"peer"`: the error code of its GOAWAY, if that was one.
   */
  readonly error?: Error;
}

/** The server's end of one HTTP/2 connection. */
export interface Http2Connection {
  /**
   * Fulfils once everything is over and nothing is left: no timer, no pending
   * read or write. Never rejects.
   */
  readonly closed: Promise<Http2Close>;
  /** Streams that are open now. */
  readonly streams: number;
  /** Drops the connection at once and waits until it is closed. Any number of times. */
  close(): Promise<void>;
  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Serves HTTP/2 on `duplex`, as the server and with prior knowledge (RFC 9113
 * section 3.3): each request becomes one call of `handler`.
 *
 * `handler` may keep the stream as long as it likes; if it throws, or the
 * promise that it returns rejects, the stream is reset with INTERNAL_ERROR.
 * A GOAWAY of the peer lets open streams finish. The end of `duplex.readable`
 * ends all of them.
 *
 * Both streams of `duplex` belong to the connection from here on. The chunks
 * written to `duplex.writable` are used again once their write settled.
 *
 * @throws {RangeError} If an option is out of its range.
 */
export function serveHttp2(
  duplex: ByteDuplex,
  handler: (stream: Http2Stream) => void | Promise<void>,
  options: Http2Options = {},
): Http2Connection {
  const {
    maxConcurrentStreams = MAX_CONCURRENT_STREAMS,
    streamWindow = STREAM_WINDOW,
    connectionWindow = CONNECTION_WINDOW,
  } = options;
  checkRange("maxConcurrentStreams", maxConcurrentStreams, 1);
  checkRange("streamWindow", streamWindow, INITIAL_WINDOW);
  checkRange("connectionWindow", connectionWindow, INITIAL_WINDOW);
  const limits = { maxConcurrentStreams, streamWindow, connectionWindow };
  return new Connection(duplex, handler, limits);
}

function checkRange(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least || value > LARGEST_WINDOW) {
    throw new RangeError(
      `Cannot serve HTTP/2: ${name} is ${value}, expected ${least} to ${LARGEST_WINDOW}`,
    );
  }
}

class Connection implements Http2Connection {
  readonly closed: Promise<Http2Close>;
  readonly #handler: (stream: Http2Stream) => void | Promise<void>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: Output;
  readonly #endpoint: Endpoint;
  readonly #frames: FrameReader;
  readonly #readEnd: Promise<void>;
  #prefaceRead = 0;
  #over = false;
  #settle!: (close: Http2Close) => void;
  /** Ends the wait for a peer that has our last frames, but does not hang up. */
  #hurry!: () => void;
  readonly #hurried: Promise<void>;

  constructor(
    duplex: ByteDuplex,
    handler: (stream: Http2Stream) => void | Promise<void>,
    limits: ConstructorParameters<typeof Endpoint>[2],
  ) {
    this.closed = new Promise((resolve) => this.#settle = resolve);
    this.#hurried = new Promise((resolve) => this.#hurry = resolve);
    this.#handler = handler;
    this.#reader = duplex.readable.getReader();
    this.#writer = duplex.writable.getWriter();
    this.#output = new Output(
      this.#writer,
      () => this.#endpoint.pump(),
      (error) => this.#end({ reason: "error", error: toError(error) }),
    );
    this.#endpoint = new Endpoint(
      this.#output,
      (stream) => this.#handle(stream),
      limits,
      () => this.#finish(),
    );
    this.#frames = new FrameReader(
      this.#endpoint.receive.bind(this.#endpoint),
    );
    this.#readEnd = this.#read();
  }

  get streams(): number {
    return this.#endpoint.streams;
  }

  async close(): Promise<void> {
    this.#end({ reason: "local" });
    this.#hurry();
    await this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        // After the end, what still comes is read only to be dropped.
        if (!this.#over) this.#receive(value);
      }
      this.#end(this.#peerClose());
    } catch (error) {
      this.#end({ reason: "error", error: toError(error) });
    }
  }

  #receive(chunk: Uint8Array): void {
    let at = 0;
    try {
      while (this.#prefaceRead < CLIENT_PREFACE.length) {
        if (at === chunk.length) return;
        if (chunk[at++] !== CLIENT_PREFACE[this.#prefaceRead++]) {
          throw new Http2Error("Peer does not speak HTTP/2: wrong preface", {
            code: ErrorCode.PROTOCOL_ERROR,
          });
        }
      }
      this.#frames.push(chunk, at);
    } catch (error) {
      const cause = error instanceof Http2Error ? error : new Http2Error(
        "Connection broke: internal error",
        { code: ErrorCode.INTERNAL_ERROR, cause: error },
      );
      this.#end({ reason: "error", error: cause }, cause);
    }
  }

  #handle(stream: ServerStream): void {
    const broken = () => stream.reset(ErrorCode.INTERNAL_ERROR);
    try {
      const result: unknown = this.#handler(stream);
      if (result instanceof Promise) result.catch(broken);
    } catch {
      // The handler's own matter: to the peer it is only "internal error".
      broken();
    }
  }

  #finish(): void {
    const farewell = new Http2Error("No streams are left after GOAWAY", {
      code: ErrorCode.NO_ERROR,
    });
    this.#end(this.#peerClose(), farewell);
  }

  #peerClose(): Http2Close {
    const error = this.#endpoint.peerError;
    return error === null ? { reason: "peer" } : { reason: "peer", error };
  }

  /** Ends everything; with `farewell` the peer is told by GOAWAY and may hang up by itself. */
  #end(close: Http2Close, farewell?: Http2Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#endpoint.fail(lostConnection(close));
    void this.#shutDown(close, farewell);
  }

  async #shutDown(close: Http2Close, farewell?: Http2Error): Promise<void> {
    if (farewell !== undefined) {
      this.#output.frame(
        encodeGoaway(
          this.#endpoint.lastStreamId,
          farewell.code,
          farewell.message,
        ),
      );
      // Closing with unread input would make the system drop what we just
      // sent, so the peer gets a moment to take it and to hang up first.
      await atMost(LINGER_MS, Promise.race([this.#hangUp(), this.#hurried]));
    }
    this.#output.stop();
    const reason = close.error ?? new Error("HTTP/2 connection is closed");
    await atMost(
      LINGER_MS,
      Promise.all([
        this.#reader.cancel(reason),
        this.#writer.abort(reason),
        this.#readEnd,
      ]),
    );
    this.#settle(close);
  }

  async #hangUp(): Promise<void> {
    await this.#output.drained();
    await this.#writer.close();
    await this.#readEnd;
  }
}

function lostConnection(close: Http2Close): Http2Error {
  switch (close.reason) {
    case "local":
      return new Http2Error("Connection was closed", {
        code: ErrorCode.CANCEL,
      });
    case "peer":
      return new Http2Error("Connection was closed by the peer", {
        code: ErrorCode.CANCEL,
        remote: true,
        cause: close.error,
      });
    case "error":
      return close.error instanceof Http2Error
        ? close.error
        : new Http2Error("Connection broke", {
          code: ErrorCode.INTERNAL_ERROR,
          cause: close.error,
        });
  }
}

/** Waits for `work` to settle, either way, but no longer than `ms`. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const settled = work.then(() => {}, () => {});
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([settled, timeout]);
  clearTimeout(timer);
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
