import type { ByteDuplex } from "../streams/duplex.ts";
import { type EndpointOwner, Http2Endpoint } from "./endpoint.ts";
import { ErrorCode, Http2Error, notHttp2 } from "./error.ts";
import { encodeGoaway, encodePing } from "./frame.ts";
import { FrameReader } from "./frame_reader.ts";
import {
  CONNECTION_WINDOW,
  INITIAL_WINDOW,
  LARGEST_WINDOW,
  LINGER_MS,
  STREAM_WINDOW,
} from "./limits.ts";
import { type Http2KeepaliveOptions, Keepalive } from "./keepalive.ts";
import { Output } from "./output.ts";
import type { Grants, Role } from "./role.ts";
import type { Streams } from "./streams.ts";

/** What a connection grants to its peer. */
export interface Http2Options {
  /**
   * How many bytes of one message's body may wait unread, at least 65 535.
   * @default {1048576}
   */
  streamWindow?: number;
  /**
   * How many bytes of all bodies together may wait unread, at least 65 535.
   * @default {16777216}
   */
  connectionWindow?: number;
}

/** How a connection ended. */
export interface Http2Close {
  /**
   * `local`: `close()` was called. `peer`: the peer hung up or finished.
   * `error`: something broke.
   */
  readonly reason: "local" | "peer" | "error";
  /**
   * With `error`: an `Http2Error`, or the error of the duplex. With `peer`: the
   * error of its GOAWAY, if it had an error code.
   */
  readonly error?: Error;
}

/** One side of an HTTP/2 connection. */
export interface Http2Connection {
  /**
   * Resolves when the connection has ended completely: there is no timer, and
   * no pending read or write. Never rejects.
   */
  readonly closed: Promise<Http2Close>;
  /** How many streams are open. */
  readonly streams: number;
  /**
   * Closes the connection at once and waits until it is closed. May be called
   * any number of times.
   */
  close(): Promise<void>;
  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Checks the options of one side, and fills in the defaults.
 *
 * @throws {RangeError} If one is out of its range.
 */
export function grantsOf(
  options: Http2Options,
  maxConcurrentStreams: number,
): Grants {
  const {
    streamWindow = STREAM_WINDOW,
    connectionWindow = CONNECTION_WINDOW,
  } = options;
  checkRange("maxConcurrentStreams", maxConcurrentStreams, 1);
  checkRange("streamWindow", streamWindow, INITIAL_WINDOW);
  checkRange("connectionWindow", connectionWindow, INITIAL_WINDOW);
  return { maxConcurrentStreams, streamWindow, connectionWindow };
}

function checkRange(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least || value > LARGEST_WINDOW) {
    throw new RangeError(
      `Cannot speak HTTP/2: ${name} is ${value}, expected ${least} to ${LARGEST_WINDOW}`,
    );
  }
}

/** The callbacks from a connection to the client or server that uses it. */
export interface ConnectionOwner extends EndpointOwner {
  /**
   * The connection has ended; right after this call the open streams fail with
   * `error`.
   */
  over?(error: Http2Error): void;
}

/**
 * A connection in either role: reads and writes the bytes, and handles the
 * start and the end.
 */
export class Connection implements Http2Connection {
  readonly closed: Promise<Http2Close>;
  readonly #role: Role;
  readonly #owner: ConnectionOwner;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: Output;
  readonly #endpoint: Http2Endpoint;
  readonly #frames: FrameReader;
  readonly #readEnd: Promise<void>;
  readonly #keepalive: Keepalive | undefined;
  #prefaceRead = 0;
  #over = false;
  #settle!: (close: Http2Close) => void;
  /**
   * Stops waiting for a peer that has got our last frames, and does not hang
   * up.
   */
  #hurry!: () => void;
  readonly #hurried: Promise<void>;

  /**
   * Takes the duplex over, and queues this side's preface.
   *
   * @param keepalive Watches for a peer that sends nothing; unless given, there
   * is no such watch.
   */
  constructor(
    duplex: ByteDuplex,
    role: Role,
    grants: Grants,
    owner: ConnectionOwner,
    keepalive?: Http2KeepaliveOptions,
  ) {
    this.closed = new Promise((resolve) => this.#settle = resolve);
    this.#hurried = new Promise((resolve) => this.#hurry = resolve);
    this.#role = role;
    this.#owner = owner;
    this.#reader = duplex.readable.getReader();
    this.#writer = duplex.writable.getWriter();
    this.#output = new Output(
      this.#writer,
      () => this.#endpoint.streams.sendFlow.pump(),
      (error) => this.#end({ reason: "error", error: toError(error) }),
    );
    this.#endpoint = new Http2Endpoint(
      this.#output,
      role,
      grants,
      owner,
      () => this.#finish(),
    );
    this.#frames = new FrameReader(
      this.#endpoint.receive.bind(this.#endpoint),
    );
    this.#keepalive = keepalive && this.#watch(keepalive);
    this.#readEnd = this.#read();
  }

  #watch(options: Http2KeepaliveOptions): Keepalive {
    const endpoint = this.#endpoint;
    return new Keepalive(options, {
      get streams() {
        return endpoint.streams.size;
      },
      get spoken() {
        return endpoint.spoken;
      },
      ping: () => this.#output.urgent(encodePing()),
      end: (error) => this.abort(error),
    });
  }

  /** The connection's streams; the client needs them to open new ones. */
  get host(): Streams {
    return this.#endpoint.streams;
  }

  get streams(): number {
    return this.#endpoint.streams.size;
  }

  async close(): Promise<void> {
    this.#end({ reason: "local" });
    this.#hurry();
    await this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends the connection with an error, which is also sent to the peer. */
  abort(error: Http2Error): void {
    this.#end({ reason: "error", error }, error);
  }

  /** Reads until the end. Never rejects. */
  async #read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        this.#keepalive?.heard();
        // After the end the reading goes on, but the bytes are dropped.
        if (!this.#over) this.#receive(value);
      }
      this.#end(this.#peerClose());
    } catch (error) {
      this.#end({ reason: "error", error: toError(error) });
    }
  }

  #receive(chunk: Uint8Array): void {
    let at = 0;
    const preface = this.#role.peerPreface;
    try {
      while (this.#prefaceRead < preface.length) {
        if (at === chunk.length) return;
        if (chunk[at++] !== preface[this.#prefaceRead++]) {
          throw new Http2Error("wrong preface", {
            code: ErrorCode.PROTOCOL_ERROR,
          });
        }
      }
      this.#frames.push(chunk, at);
    } catch (error) {
      this.abort(
        error instanceof Http2Error
          ? this.#endpoint.settled ? error : notHttp2(error, chunk)
          : new Http2Error("Connection broke: internal error", {
            code: ErrorCode.INTERNAL_ERROR,
            cause: error,
          }),
      );
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

  /**
   * Ends the connection. With `farewell`, the peer gets a GOAWAY with this
   * error, and time to hang up.
   */
  #end(close: Http2Close, farewell?: Http2Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#keepalive?.stop();
    const lost = lostConnection(close);
    // Before the streams fail: each one that ends would otherwise make room for
    // a request that waits.
    this.#owner.over?.(lost);
    this.#endpoint.fail(lost);
    void this.#shutDown(close, farewell);
  }

  async #shutDown(close: Http2Close, farewell?: Http2Error): Promise<void> {
    if (farewell !== undefined) {
      this.#output.frame(
        encodeGoaway(
          this.#endpoint.streams.lastOfPeer,
          farewell.code,
          farewell.message,
        ),
      );
      // If the connection were closed while there is unread input, the system
      // would drop what was just sent: the peer gets some time to read it and
      // to hang up.
      await atMost(LINGER_MS, Promise.race([this.#hangUp(), this.#hurried]));
    }
    this.#output.stop();
    const reason = close.error ?? new Error("HTTP/2 connection is closed");
    await unlessAborted(
      // Not a timer: the first one of a program takes 5 ms, a signal's time less
      // than one, and most connections are closed without another.
      AbortSignal.timeout(LINGER_MS),
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

/**
 * Waits until `work` resolves or rejects, but no longer than `ms` milliseconds.
 */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const settled = work.then(() => {}, () => {});
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([settled, timeout]);
  clearTimeout(timer);
}

/** Waits until `work` resolves or rejects, but no longer than until the abort. */
async function unlessAborted(
  signal: AbortSignal,
  work: Promise<unknown>,
): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  signal.addEventListener("abort", end);
  await Promise.race([work.then(() => {}, () => {}), aborted]);
  signal.removeEventListener("abort", end);
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
