import { ErrorCode, Http2Error, streamError } from "./error.ts";
import type { ReceivedHeaders } from "./header_reader.ts";
import { responseFault, trailerFault } from "./header_rules.ts";
import type { HeaderField } from "./hpack_table.ts";
import { Stream, type StreamHost } from "./stream.ts";

/**
 * One request of ours and its response (RFC 9113 section 8.1).
 *
 * Any number of `write()`, then `end()`; meanwhile `response`, then `read()`
 * until it gives `null`, then `trailers`. Once the stream is gone before its
 * time, `response` and `read()` reject and the others throw the `Http2Error`
 * that `signal` has as reason.
 */
export interface Http2ClientStream {
  /** The stream's number: odd, and larger than all before. */
  readonly id: number;
  /** Aborts when the stream is reset, by either side, or the connection ends before it. */
  readonly signal: AbortSignal;
  /**
   * The response's fields, `:status` first; interim responses (1xx) are passed
   * over. Values have one character per byte.
   */
  readonly response: Promise<readonly HeaderField[]>;
  /** The fields behind the body, once `read()` gave `null`; none if the server sent none. */
  readonly trailers: readonly HeaderField[];
  /** The next piece of the response's body; `null` at its end. One call at a time. */
  read(): Promise<Uint8Array | null>;
  /**
   * Sends body bytes, all parts in one go.
   *
   * `undefined` means that they are copied and there is room for more.
   * Otherwise wait for the promise, and leave the parts unchanged until then.
   * A response that ends first ends the request too, which is no error of the
   * stream's: what waits rejects with NO_ERROR.
   */
  write(...parts: Uint8Array[]): Promise<void> | undefined;
  /**
   * Ends the request behind all that was written, with trailers if given.
   *
   * @throws {TypeError} If a field can't be sent, or it was called before.
   */
  end(trailers?: readonly HeaderField[]): Promise<void> | undefined;
  /**
   * Drops the stream at once, and what of the response waits to be read;
   * `code` is one of `ErrorCode`, by default CANCEL.
   */
  reset(code?: number): void;
}

/** The client's side of one stream. */
export class ClientStream extends Stream implements Http2ClientStream {
  readonly response: Promise<readonly HeaderField[]>;
  readonly #head = Promise.withResolvers<readonly HeaderField[]>();
  /** Whether our END_STREAM is sent. */
  #ended: boolean;
  #responded = false;
  #trailers: readonly HeaderField[] = [];

  /** Sends the request's header block. */
  constructor(
    id: number,
    host: StreamHost,
    block: Uint8Array,
    endStream: boolean,
  ) {
    super(id, host);
    this.#ended = endStream;
    this.response = this.#head.promise;
    // Whoever drops the promise learns of the end from the signal or read().
    this.response.catch(() => {});
    this.sendHead(block, endStream);
  }

  get trailers(): readonly HeaderField[] {
    return this.#trailers;
  }

  end(trailers?: readonly HeaderField[]): Promise<void> | undefined {
    this.checkOpen();
    const pseudo = trailers?.find(([name]) => name.startsWith(":"));
    if (pseudo !== undefined) {
      throw new TypeError(`Cannot send "${pseudo[0]}" in trailers`);
    }
    return this.endWith(trailers);
  }

  override reset(code: number = ErrorCode.CANCEL): void {
    super.reset(code);
    // A complete response gives its bytes back to the connection's window.
    if (this.peerEnded) this.body.fail(this.resetError(code));
  }

  override receive(
    bytes: Uint8Array,
    start: number,
    end: number,
    borrowed: boolean,
  ): void {
    this.#checkResponded();
    super.receive(bytes, start, end, borrowed);
  }

  override receiveEnd(): void {
    this.#checkResponded();
    super.receiveEnd();
  }

  override receiveHeaders(headers: ReceivedHeaders): boolean {
    const { fields, endStream } = headers;
    if (headers.tooLarge) {
      throw streamError(
        ErrorCode.ENHANCE_YOUR_CALM,
        `Response has ${headers.size} bytes of headers, too many to take`,
        this.id,
      );
    }
    if (this.#responded) return this.#receiveTrailers(fields, endStream);
    const fault = responseFault(fields);
    if (fault !== undefined) throw this.#malformed(fault);
    if (fields[0]![1].startsWith("1")) {
      if (endStream) throw this.#malformed("an interim response at the end");
      return false;
    }
    this.#responded = true;
    this.expectLength(fields);
    this.#head.resolve(fields);
    if (endStream) this.receiveEnd();
    return true;
  }

  override fail(error: Http2Error, expectFrames: boolean): void {
    super.fail(error, expectFrames);
    this.#head.reject(error);
  }

  protected override onEnd(): void {
    this.#ended = true;
  }

  /** A server that has answered wants no more of the request (RFC 9113 section 8.1). */
  protected override onPeerEnd(): void {
    if (!this.#ended) {
      this.host.output.reset(this.id, ErrorCode.NO_ERROR);
      this.failSending(
        new Http2Error("Response is complete: the request's rest is not sent", {
          code: ErrorCode.NO_ERROR,
          streamId: this.id,
          remote: true,
        }),
      );
    }
    this.complete();
  }

  #receiveTrailers(
    fields: readonly HeaderField[],
    endStream: boolean,
  ): boolean {
    const fault = endStream
      ? trailerFault(fields)
      : "trailers without END_STREAM";
    if (fault !== undefined) throw this.#malformed(fault);
    this.#trailers = fields;
    this.receiveEnd();
    return true;
  }

  #checkResponded(): void {
    if (!this.#responded) throw this.#malformed("DATA ahead of its headers");
  }

  #malformed(fault: string): Http2Error {
    return streamError(
      ErrorCode.PROTOCOL_ERROR,
      `Response is malformed: ${fault}`,
      this.id,
    );
  }
}
