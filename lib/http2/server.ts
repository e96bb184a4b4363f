import type { ByteDuplex } from "../streams/duplex.ts";
import {
  Connection,
  grantsOf,
  type Http2Connection,
  type Http2Options,
} from "./connection.ts";
import { ErrorCode, streamError } from "./error.ts";
import type { ReceivedHeaders } from "./header_reader.ts";
import { requestFault, trailerFault } from "./header_rules.ts";
import { encodeHeaders } from "./hpack_encode.ts";
import type { HeaderField } from "./hpack_table.ts";
import { MAX_CONCURRENT_STREAMS } from "./limits.ts";
import { SERVER } from "./role.ts";
import { Stream, type StreamHost } from "./stream.ts";

/**
 * One request and its response (RFC 9113 section 8.1).
 *
 * `respond()`, any number of `write()`, then `end()`; or `end()` alone. Once
 * the stream is gone, by RST_STREAM or with the connection, `read()` rejects
 * and the others throw the `Http2Error` that `signal` has as reason.
 */
export interface Http2Stream {
  /** The stream's number: odd, and larger than all before. */
  readonly id: number;
  /**
   * The request's fields in order, pseudo headers first and checked.
   *
   * Names are lower case; values have one character per byte, so that UTF-8
   * in one can be decoded from its bytes.
   */
  readonly headers: readonly HeaderField[];
  /** Aborts when the stream is reset, by either side, or the connection ends before it. */
  readonly signal: AbortSignal;
  /** The first value of a request header, if any. */
  get(name: string): string | undefined;
  /** All values of a request header, in order. */
  getAll(name: string): string[];
  /**
   * The next piece of the request's body; `null` at its end, or once `end()`
   * is done. One call at a time.
   *
   * The peer may send more as pieces are read: a slow reader slows it down.
   */
  read(): Promise<Uint8Array | null>;
  /**
   * Sends the response's headers, `:status` first.
   *
   * @throws {TypeError} If a field can't be sent, or headers went already.
   */
  respond(headers: readonly HeaderField[]): void;
  /**
   * Sends body bytes, all parts in one go.
   *
   * `undefined` means that they are copied and there is room for more.
   * Otherwise wait for the promise, and leave the parts unchanged until then.
   */
  write(...parts: Uint8Array[]): Promise<void> | undefined;
  /**
   * Ends the response behind all that was written, with trailers if given;
   * without `respond()` before, `trailers` are the whole response.
   *
   * A request that has not ended is cut off with RST_STREAM(NO_ERROR), as
   * RFC 9113 section 8.1 allows: its rest would go unread.
   *
   * @throws {TypeError} If a field can't be sent, or it was called before.
   */
  end(trailers?: readonly HeaderField[]): Promise<void> | undefined;
  /** Drops the stream at once; `code` is one of `ErrorCode`, by default CANCEL. */
  reset(code?: number): void;
}

/** What a server grants to its client. */
export interface Http2ServerOptions extends Http2Options {
  /** Streams open at once. @default {1000} */
  maxConcurrentStreams?: number;
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
  options: Http2ServerOptions = {},
): Http2Connection {
  const { maxConcurrentStreams = MAX_CONCURRENT_STREAMS } = options;
  const grants = grantsOf(options, maxConcurrentStreams);
  return new Connection(duplex, SERVER, grants, {
    begin(headers, streams) {
      if (streams.size >= maxConcurrentStreams) {
        throw streamError(
          ErrorCode.REFUSED_STREAM,
          "Too many streams",
          headers.streamId,
        );
      }
      checkRequest(headers);
      const stream = new ServerStream(headers, streams);
      streams.add(stream, headers.size);
      if (headers.endStream) stream.receiveEnd();
      handle(stream, handler);
    },
  });
}

/** @throws {Http2Error} If it is none, or too long. */
function checkRequest(headers: ReceivedHeaders): void {
  const { streamId, fields } = headers;
  if (headers.tooLarge) {
    throw streamError(
      ErrorCode.ENHANCE_YOUR_CALM,
      "Headers are too long",
      streamId,
    );
  }
  const fault = requestFault(fields);
  if (fault === undefined) return;
  throw streamError(
    ErrorCode.PROTOCOL_ERROR,
    `Request is malformed: ${fault}`,
    streamId,
  );
}

function handle(
  stream: ServerStream,
  handler: (stream: Http2Stream) => void | Promise<void>,
): void {
  const broken = () => stream.reset(ErrorCode.INTERNAL_ERROR);
  try {
    const result: unknown = handler(stream);
    if (result instanceof Promise) result.catch(broken);
  } catch {
    // The handler's own matter: to the peer it is only "internal error".
    broken();
  }
}

/** The server's side of one stream. */
export class ServerStream extends Stream implements Http2Stream {
  readonly headers: readonly HeaderField[];

  /** A stream whose request headers just arrived. */
  constructor({ streamId, fields }: ReceivedHeaders, host: StreamHost) {
    super(streamId, host);
    this.headers = fields;
    this.expectLength(fields);
  }

  get(name: string): string | undefined {
    return this.headers.find((field) => field[0] === name)?.[1];
  }

  getAll(name: string): string[] {
    return this.headers.filter((field) => field[0] === name)
      .map((field) => field[1]);
  }

  respond(headers: readonly HeaderField[]): void {
    this.checkOpen();
    if (this.headSent) throw new TypeError("Cannot respond twice");
    checkPseudo(headers, true);
    this.sendHead(encodeHeaders(headers), false);
  }

  end(trailers?: readonly HeaderField[]): Promise<void> | undefined {
    this.checkOpen();
    if (!this.headSent && trailers === undefined) {
      throw new TypeError("Cannot end without headers or trailers");
    }
    if (trailers !== undefined) checkPseudo(trailers, !this.headSent);
    return this.endWith(trailers);
  }

  /** Behind a request's head there are only trailers. */
  override receiveHeaders(headers: ReceivedHeaders): boolean {
    const fault = headers.endStream
      ? trailerFault(headers.fields)
      : "trailers without END_STREAM";
    if (fault !== undefined) {
      throw streamError(
        ErrorCode.PROTOCOL_ERROR,
        `Request is malformed: ${fault}`,
        this.id,
      );
    }
    if (headers.tooLarge) {
      throw streamError(
        ErrorCode.ENHANCE_YOUR_CALM,
        "Trailers are too long",
        this.id,
      );
    }
    this.receiveEnd();
    return true;
  }

  protected override onEnd(): void {
    if (!this.peerEnded) this.host.output.reset(this.id, ErrorCode.NO_ERROR);
    this.complete();
    this.body.drop();
    this.body.end();
  }

  protected override onPeerEnd(): void {}
}

/** A response begins with `:status` and has no other pseudo header; trailers have none. */
function checkPseudo(fields: readonly HeaderField[], status: boolean): void {
  if (status && fields.length === 0) {
    throw new TypeError('Cannot send headers: ":status" is missing');
  }
  fields.forEach(([name], index) => {
    const expected = status && index === 0;
    if (name.startsWith(":") !== expected || (expected && name !== ":status")) {
      throw new TypeError(
        `Cannot send header "${name}": ":status" is first in a response, and nowhere else`,
      );
    }
  });
}
