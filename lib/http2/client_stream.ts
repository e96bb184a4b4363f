import { ErrorCode, Http2Error, streamError } from "./error.ts";
import type { ReceivedHeaders } from "./header_reader.ts";
import { responseFault, trailerFault } from "./header_rules.ts";
import type { HeaderField } from "./hpack_table.ts";
import { Stream, type StreamHost } from "./stream.ts";

/**
 * One request to the server and its response (RFC 9113 section 8.1).
 *
 * Call `write()` any number of times, then `end()`. At the same time wait for
 * `response`, then call `read()` until it returns `null`, then use `trailers`.
 * If the stream ends early, `response` and `read()` reject, and the other
 * methods throw, with the `Http2Error` that is the reason of `signal`.
 */
export interface Http2ClientStream {
  /** The stream's number: odd, and larger than those of all earlier streams. */
  readonly id: number;
  /**
   * Aborts when either side resets the stream, or the connection ends before
   * it.
   */
  readonly signal: AbortSignal;
  /**
   * The response's fields, `:status` first; interim responses (1xx) are
   * skipped. Values have one character per byte.
   */
  readonly response: Promise<readonly HeaderField[]>;
  /**
   * The fields after the body, available once `read()` has returned `null`;
   * empty if the server sent none.
   */
  readonly trailers: readonly HeaderField[];
  /**
   * Reads the next piece of the response's body; `null` at its end. One call at
   * a time.
   */
  read(): Promise<Uint8Array | null>;
  /**
   * Sends bytes of the body, given in parts.
   *
   * If it returns `undefined`, the bytes were copied and there is room for
   * more. Otherwise wait for the promise, and leave the parts unchanged until
   * it settles. If the response ends first, the request ends, too. That is not
   * an error of the stream, but writes that wait reject with NO_ERROR.
   */
  write(...parts: Uint8Array[]): Promise<void> | undefined;
  /**
   * Ends the request after everything that was written, with trailers if given.
   *
   * @throws {TypeError} If a field can't be sent, or `end()` was called before.
   */
  end(trailers?: readonly HeaderField[]): Promise<void> | undefined;
  /**
   * Resets the stream at once, and drops the part of the response that was not
   * read; `code` is one of `ErrorCode`, by default CANCEL.
   */
  reset(code?: number): void;
}

/** The client's side of one stream. */
export class ClientStream extends Stream implements Http2ClientStream {
  readonly response: Promise<readonly HeaderField[]>;
  readonly #head = Promise.withResolvers<readonly HeaderField[]>();
  /** Whether this side has sent END_STREAM. */
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
    // If nobody handles the promise, it must not end the program: the signal
    // and read() report the same end.
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
    // A response that has ended, but was not read, still has bytes to give back
    // to the connection's window.
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

  /**
   * The response has ended, so the server does not need the rest of the request
   * (RFC 9113 section 8.1).
   */
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
