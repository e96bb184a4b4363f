import { Body } from "./body.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import { encodeHeaders } from "./hpack_encode.ts";
import type { HeaderField } from "./hpack_table.ts";
import type { ReceiveFlow } from "./receive_flow.ts";
import type { SendFlow, SendStream } from "./send_flow.ts";

/**
 * One request and its response (RFC 9113 section 8.1).
 *
 * `respond()`, any number of `write()`, then `end()`; or `end()` alone. Once
 * the stream is gone, by RST_STREAM or with the connection, `read()` rejects
 * and the others throw the {@linkcode Http2Error} that `signal` has as reason.
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

/** What a stream asks of its connection. */
export interface StreamHost {
  /** Sends a header block. */
  sendHeaders(streamId: number, block: Uint8Array, endStream: boolean): void;
  /** Sends an empty DATA frame with END_STREAM. */
  sendEnd(streamId: number): void;
  /** Gives received bytes back to the windows. */
  consumed(stream: ServerStream, count: number): void;
  /** Sends RST_STREAM. */
  sendReset(streamId: number, code: number): void;
  /** Forgets the stream; `expectFrames` if the peer may not know of its end. */
  forget(stream: ServerStream, expectFrames: boolean): void;
}

/** The server's side of one stream. */
export class ServerStream implements Http2Stream {
  readonly id: number;
  readonly headers: readonly HeaderField[];
  /** What we grant for the request's body. */
  readonly receiveFlow: ReceiveFlow;
  /** What we were granted for the response's body. */
  readonly sendStream: SendStream;
  readonly #host: StreamHost;
  readonly #sendFlow: SendFlow;
  readonly #body: Body;
  /** Body bytes that `content-length` still announces, or -1 without one. */
  #announced: number;
  #requestEnded = false;
  #responded = false;
  #ending = false;
  #responseEnded = false;
  #failure: Http2Error | null = null;
  #abort: AbortController | null = null;

  /** A stream whose request headers just arrived. */
  constructor(
    id: number,
    headers: readonly HeaderField[],
    host: StreamHost,
    sendFlow: SendFlow,
    receiveFlow: ReceiveFlow,
  ) {
    this.id = id;
    this.headers = headers;
    this.receiveFlow = receiveFlow;
    this.sendStream = sendFlow.open(id);
    this.#host = host;
    this.#sendFlow = sendFlow;
    this.#body = new Body((count) => host.consumed(this, count));
    this.#announced = Number(this.get("content-length") ?? -1);
  }

  /** Whether the peer sent END_STREAM. */
  get requestEnded(): boolean {
    return this.#requestEnded;
  }

  /** Bytes of the request that wait to be read. */
  get buffered(): number {
    return this.#body.buffered;
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#failure !== null) this.#abort.abort(this.#failure);
    }
    return this.#abort.signal;
  }

  get(name: string): string | undefined {
    return this.headers.find((field) => field[0] === name)?.[1];
  }

  getAll(name: string): string[] {
    return this.headers.filter((field) => field[0] === name)
      .map((field) => field[1]);
  }

  read(): Promise<Uint8Array | null> {
    return this.#body.read();
  }

  respond(headers: readonly HeaderField[]): void {
    this.#checkOpen();
    if (this.#responded) throw new TypeError("Cannot respond twice");
    checkPseudo(headers, true);
    const block = encodeHeaders(headers);
    this.#responded = true;
    this.#host.sendHeaders(this.id, block, false);
  }

  write(...parts: Uint8Array[]): Promise<void> | undefined {
    if (this.#failure !== null || this.#ending || !this.#responded) {
      this.#checkOpen();
      throw new TypeError("Cannot write before respond()");
    }
    return this.#sendFlow.write(this.sendStream, parts);
  }

  end(trailers?: readonly HeaderField[]): Promise<void> | undefined {
    this.#checkOpen();
    if (!this.#responded && trailers === undefined) {
      throw new TypeError("Cannot end without headers or trailers");
    }
    if (trailers !== undefined) checkPseudo(trailers, !this.#responded);
    const block = trailers === undefined ? null : encodeHeaders(trailers);
    this.#ending = true;
    if (this.sendStream.pending.length === 0) {
      this.#finishResponse(block);
      return undefined;
    }
    const done = new Promise<void>((resolve, reject) => {
      this.sendStream.whenEmpty = (error) => {
        if (error !== undefined) return reject(error);
        this.#finishResponse(block);
        resolve();
      };
    });
    done.catch(() => {});
    return done;
  }

  reset(code: number = ErrorCode.CANCEL): void {
    if (this.#failure !== null || this.#responseEnded) return;
    this.#host.sendReset(this.id, code);
    this.fail(
      new Http2Error("Stream was reset by its handler", {
        code,
        streamId: this.id,
      }),
      true,
    );
  }

  /**
   * Takes body bytes that arrived; see {@linkcode Body.push}.
   *
   * @throws {Http2Error} PROTOCOL_ERROR if they are more than announced.
   */
  receive(
    bytes: Uint8Array,
    start: number,
    end: number,
    borrowed: boolean,
  ): void {
    if (this.#announced >= 0) {
      this.#announced -= end - start;
      if (this.#announced < 0) throw this.#wrongLength();
    }
    this.#body.push(bytes, start, end, borrowed);
  }

  /**
   * The peer sent END_STREAM.
   *
   * @throws {Http2Error} PROTOCOL_ERROR if the body is shorter than announced.
   */
  receiveEnd(): void {
    if (this.#announced > 0) throw this.#wrongLength();
    this.#requestEnded = true;
    this.#body.end();
  }

  /** The stream ends here, without a frame of ours. */
  fail(error: Http2Error, expectFrames: boolean): void {
    if (this.#failure !== null || this.#responseEnded) return;
    this.#failure = error;
    this.#host.forget(this, expectFrames);
    this.#sendFlow.fail(this.sendStream, error);
    this.#body.fail(error);
    this.#abort?.abort(error);
  }

  #finishResponse(block: Uint8Array | null): void {
    this.#responseEnded = true;
    if (block === null) this.#host.sendEnd(this.id);
    else this.#host.sendHeaders(this.id, block, true);
    if (!this.#requestEnded) {
      this.#host.sendReset(this.id, ErrorCode.NO_ERROR);
    }
    this.#host.forget(this, !this.#requestEnded);
    this.#body.drop();
    this.#body.end();
  }

  #checkOpen(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#ending) throw new TypeError("Cannot send after end()");
  }

  #wrongLength(): Http2Error {
    return new Http2Error("Request body is not as long as announced", {
      code: ErrorCode.PROTOCOL_ERROR,
      streamId: this.id,
    });
  }
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
