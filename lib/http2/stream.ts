import { Body } from "./body.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import type { ReceiveFlow, SendFlow, SendStream } from "./flow.ts";
import type { ReceivedHeaders } from "./header_reader.ts";
import { encodeHeaders } from "./hpack_encode.ts";
import type { HeaderField } from "./hpack_table.ts";
import type { Output } from "./output.ts";

/** What a stream needs from its connection. */
export interface StreamHost {
  /** Where frames go. */
  readonly output: Output;
  /** Shares the peer's send windows between the streams. */
  readonly sendFlow: SendFlow;
  /** Makes the receive window of a new stream. */
  receiveFlow(): ReceiveFlow;
  /**
   * Gives consumed bytes back to the windows of the stream and of the
   * connection.
   */
  consumed(stream: Stream, count: number): void;
  /**
   * Removes a stream that has ended; `expectFrames` if the peer may still send
   * frames for it.
   */
  forget(stream: Stream, expectFrames: boolean): void;
}

/**
 * One request and its response, seen from either side: sending, receiving, and
 * how it ends. The first and the last headers are handled by the class of the
 * role.
 */
export abstract class Stream {
  /** The stream's number. */
  readonly id: number;
  /** The window that this side grants for the peer's body. */
  readonly receiveWindow: ReceiveFlow;
  /** This side's body on its way out, with the window that the peer grants. */
  readonly sendStream: SendStream;
  /** The connection. */
  protected readonly host: StreamHost;
  /** Received bytes that wait to be read. */
  protected readonly body: Body;
  /** Whether this side's headers were sent, so that its body may follow. */
  protected headSent = false;
  /**
   * How many bytes of the peer's `content-length` have not come yet, or -1 if
   * there is no such header.
   */
  #announced = -1;
  #peerEnded = false;
  #ending = false;
  /** Whether the stream has ended without an error. */
  #complete = false;
  #failure: Http2Error | null = null;
  /** Why nothing can be sent any more; null while it can. */
  #sendFailure: Http2Error | null = null;
  #abort: AbortController | null = null;

  /** Makes a stream that is open in both directions. */
  constructor(id: number, host: StreamHost) {
    this.id = id;
    this.host = host;
    this.receiveWindow = host.receiveFlow();
    this.sendStream = host.sendFlow.open(id);
    this.body = new Body((count) => host.consumed(this, count));
  }

  /** Whether the peer has sent END_STREAM. */
  get peerEnded(): boolean {
    return this.#peerEnded;
  }

  /** How many bytes of the peer wait to be read. */
  get buffered(): number {
    return this.body.buffered;
  }

  /**
   * Aborts when either side resets the stream, or the connection ends before
   * it.
   */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#failure !== null) this.#abort.abort(this.#failure);
    }
    return this.#abort.signal;
  }

  /** Reads the next piece of the peer's body; `null` at its end. */
  read(): Promise<Uint8Array | null> {
    return this.body.read();
  }

  /** Sends bytes of the body, given in parts; see `Http2Stream`. */
  write(...parts: Uint8Array[]): Promise<void> | undefined {
    if (this.#sendFailure !== null || this.#ending || !this.headSent) {
      this.checkOpen();
      throw new TypeError("Cannot write before respond()");
    }
    return this.host.sendFlow.write(this.sendStream, parts);
  }

  /**
   * Resets the stream at once; `code` is one of `ErrorCode`, by default CANCEL.
   */
  reset(code: number = ErrorCode.CANCEL): void {
    if (this.#failure !== null || this.#complete) return;
    this.host.output.reset(this.id, code);
    this.fail(this.resetError(code), true);
  }

  /**
   * Takes received bytes of the body; see {@linkcode Body.push}.
   *
   * @throws {Http2Error} PROTOCOL_ERROR if there are more than announced.
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
    this.body.push(bytes, start, end, borrowed);
  }

  /**
   * Takes a header block of this stream; returns `false` if it had no effect.
   *
   * @throws {Http2Error} If the headers are malformed or too long.
   */
  abstract receiveHeaders(headers: ReceivedHeaders): boolean;

  /**
   * Handles the peer's END_STREAM.
   *
   * @throws {Http2Error} PROTOCOL_ERROR if the body is shorter than announced.
   */
  receiveEnd(): void {
    if (this.#announced > 0) throw this.#wrongLength();
    this.#peerEnded = true;
    this.body.end();
    this.onPeerEnd();
  }

  /** Ends the stream with an error, without sending a frame. */
  fail(error: Http2Error, expectFrames: boolean): void {
    if (this.#failure !== null || this.#complete) return;
    this.#failure = error;
    this.host.forget(this, expectFrames);
    this.failSending(error);
    this.body.fail(error);
    this.#abort?.abort(error);
  }

  /** Called when this side has sent its end. */
  protected abstract onEnd(): void;

  /** Called when the peer has sent its end. */
  protected abstract onPeerEnd(): void;

  /**
   * Ends the stream without an error. The peer may still send frames, unless it
   * has ended its side, too.
   */
  protected complete(): void {
    this.#complete = true;
    this.host.forget(this, !this.#peerEnded);
  }

  /**
   * Stops sending: pending writes reject with `error`, and later calls throw
   * it.
   */
  protected failSending(error: Http2Error): void {
    this.#sendFailure = error;
    this.host.sendFlow.fail(this.sendStream, error);
  }

  /** Reads the announced length of the peer's body from its headers. */
  protected expectLength(fields: readonly HeaderField[]): void {
    this.#announced = Number(
      fields.find(([name]) => name === "content-length")?.[1] ?? -1,
    );
  }

  /**
   * Ends this side after everything that was written, with trailers if given.
   */
  protected endWith(
    fields: readonly HeaderField[] | undefined,
  ): Promise<void> | undefined {
    const block = fields === undefined ? null : encodeHeaders(fields);
    this.#ending = true;
    if (this.sendStream.pending.length === 0) {
      this.#sendEnd(block);
      return undefined;
    }
    const done = new Promise<void>((resolve, reject) => {
      this.sendStream.whenEmpty = (error) => {
        if (error !== undefined) return reject(error);
        this.#sendEnd(block);
        resolve();
      };
    });
    done.catch(() => {});
    return done;
  }

  /** Sends this side's headers; `endStream` if no body follows. */
  protected sendHead(block: Uint8Array, endStream: boolean): void {
    this.headSent = true;
    this.#ending = endStream;
    this.host.output.headers(this.id, block, endStream);
  }

  /** @throws {TypeError | Http2Error} If nothing can be sent any more. */
  protected checkOpen(): void {
    if (this.#sendFailure !== null) throw this.#sendFailure;
    if (this.#ending) throw new TypeError("Cannot send after end()");
  }

  /** The error of a stream that this side has reset. */
  protected resetError(code: number): Http2Error {
    return new Http2Error("Stream was reset by this side", {
      code,
      streamId: this.id,
    });
  }

  #sendEnd(block: Uint8Array | null): void {
    if (block === null) this.host.output.end(this.id);
    else this.host.output.headers(this.id, block, true);
    this.onEnd();
  }

  #wrongLength(): Http2Error {
    return new Http2Error("Body is not as long as announced", {
      code: ErrorCode.PROTOCOL_ERROR,
      streamId: this.id,
    });
  }
}
