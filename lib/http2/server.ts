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
 * Call `respond()`, then `write()` any number of times, then `end()`; or
 * `end()` alone. If the stream ends early, by RST_STREAM or with the
 * connection, `read()` rejects, and the other methods throw, with the
 * `Http2Error` that is the reason of `signal`.
 */
export interface Http2Stream {
  /** The stream's number: odd, and larger than those of all earlier streams. */
  readonly id: number;
  /**
   * The request's fields in order, pseudo headers first; they were checked.
   *
   * Names are in lower case; values have one character per byte, so that UTF-8
   * can be decoded from them.
   */
  readonly headers: readonly HeaderField[];
  /**
   * Aborts when either side resets the stream, or the connection ends before
   * it.
   */
  readonly signal: AbortSignal;
  /** The first value of a request header; undefined if there is none. */
  get(name: string): string | undefined;
  /** All values of a request header, in order. */
  getAll(name: string): string[];
  /**
   * Reads the next piece of the request's body; `null` at its end, or once
   * `end()` is done. One call at a time.
   *
   * The peer may send more only as pieces are read: a slow reader slows it
   * down.
   */
  read(): Promise<Uint8Array | null>;
  /**
   * Sends the response's headers, `:status` first.
   *
   * @throws {TypeError} If a field can't be sent, or headers were already sent.
   */
  respond(headers: readonly HeaderField[]): void;
  /**
   * Sends bytes of the body, given in parts.
   *
   * If it returns `undefined`, the bytes were copied and there is room for
   * more. Otherwise wait for the promise, and leave the parts unchanged until
   * it settles.
   */
  write(...parts: Uint8Array[]): Promise<void> | undefined;
  /**
   * Ends the response after everything that was written, with trailers if
   * given. Without an earlier `respond()`, `trailers` are the whole response.
   *
   * If the request has not ended, it is cut off with RST_STREAM(NO_ERROR), as
   * RFC 9113 section 8.1 allows, since nobody would read its rest.
   *
   * @throws {TypeError} If a field can't be sent, or `end()` was called before.
   */
  end(trailers?: readonly HeaderField[]): Promise<void> | undefined;
  /**
   * Resets the stream at once; `code` is one of `ErrorCode`, by default CANCEL.
   */
  reset(code?: number): void;
}

/** What a server grants to its client. */
export interface Http2ServerOptions extends Http2Options {
  /** How many streams may be open at once. @default {1000} */
  maxConcurrentStreams?: number;
}

/**
 * Serves HTTP/2 on `duplex`, as the server and with prior knowledge (RFC 9113
 * section 3.3): each request becomes one call of `handler`.
 *
 * `handler` may use the stream as long as it likes. If it throws, or its
 * promise rejects, the stream is reset with INTERNAL_ERROR. After a GOAWAY of
 * the peer, open streams go on to their end. The end of `duplex.readable` ends
 * all streams.
 *
 * Both streams of `duplex` belong to the connection from here on. The chunks
 * written to `duplex.writable` are used again once their write has settled.
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

/**
 * @throws {Http2Error} If the headers are not those of a request, or are too
 * long.
 */
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
    // The peer is not told the handler's error, only INTERNAL_ERROR.
    broken();
  }
}

/** The server's side of one stream. */
export class ServerStream extends Stream implements Http2Stream {
  readonly headers: readonly HeaderField[];

  /** Makes the stream when its request's headers have arrived. */
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

  /** Handles trailers: no other headers can follow a request's head. */
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

/**
 * Checks the pseudo headers: a response begins with `:status` and has no other
 * one; trailers have none.
 */
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
