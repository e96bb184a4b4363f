import { Body } from "./body.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import type { ReceiveFlow, SendFlow, SendStream } from "./flow.ts";
import type { ReceivedHeaders } from "./header_reader.ts";
import { encodeHeaders } from "./hpack_encode.ts";
import type { HeaderField } from "./hpack_table.ts";
import type { Output } from "./output.ts";

/** What a stream asks of its connection. */
export interface StreamHost {
  /** Where frames go. */
  readonly output: Output;
  /** Shares what the peer lets us send. */
  readonly sendFlow: SendFlow;
  /** What a new stream grants. */
  receiveFlow(): ReceiveFlow;
  /** Gives received bytes back to the windows. */
  consumed(stream: Stream, count: number): void;
  /** Forgets the stream; `expectFrames` if the peer may not know of its end. */
  forget(stream: Stream, expectFrames: boolean): void;
}

/**
 * One request and its response, as either end sees it: what is sent, what is
 * received, and how it ends. What comes first and what last is the role's.
 */
export abstract class Stream {
  /** The stream's number. */
  readonly id: number;
  /** What we grant for the peer's body. */
  readonly receiveWindow: ReceiveFlow;
  /** What we were granted for our body. */
  readonly sendStream: SendStream;
  /** The connection. */
  protected readonly host: StreamHost;
  /** What was received and waits to be read. */
  protected readonly body: Body;
  /** Our header fields are out: body bytes may follow. */
  protected headSent = false;
  /** Bytes that the peer's `content-length` still announces, or -1 without one. */
  #announced = -1;
  #peerEnded = false;
  #ending = false;
  /** It is over, and went well. */
  #complete = false;
  #failure: Http2Error | null = null;
  /** Why nothing can be sent any more. */
  #sendFailure: Http2Error | null = null;
  #abort: AbortController | null = null;

  /** A stream that is open in both directions. */
  constructor(id: number, host: StreamHost) {
    this.id = id;
    this.host = host;
    this.receiveWindow = host.receiveFlow();
    this.sendStream = host.sendFlow.open(id);
    this.body = new Body((count) => host.consumed(this, count));
  }

  /** Whether the peer sent END_STREAM. */
  get peerEnded(): boolean {
    return this.#peerEnded;
  }

  /** Bytes of the peer's that wait to be read. */
  get buffered(): number {
    return this.body.buffered;
  }

  /** Aborts when the stream is reset, by either side, or the connection ends before it. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#failure !== null) this.#abort.abort(this.#failure);
    }
    return this.#abort.signal;
  }

  /** The next piece of the peer's body, or `null` at its end. */
  read(): Promise<Uint8Array | null> {
    return this.body.read();
  }

  /** Sends body bytes, all parts in one go; see `Http2Stream`. */
  write(...parts: Uint8Array[]): Promise<void> | undefined {
    if (this.#sendFailure !== null || this.#ending || !this.headSent) {
      this.checkOpen();
      throw new TypeError("Cannot write before respond()");
    }
    return this.host.sendFlow.write(this.sendStream, parts);
  }

  /** Drops the stream at once; `code` is one of `ErrorCode`, by default CANCEL. */
  reset(code: number = ErrorCode.CANCEL): void {
    if (this.#failure !== null || this.#complete) return;
    this.host.output.reset(this.id, code);
    this.fail(this.resetError(code), true);
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
    this.body.push(bytes, start, end, borrowed);
  }

  /**
   * Takes a header block that came while the stream was open. `false` means
   * that it changed nothing.
   *
   * @throws {Http2Error} What is wrong with it.
   */
  abstract receiveHeaders(headers: ReceivedHeaders): boolean;

  /**
   * The peer sent END_STREAM.
   *
   * @throws {Http2Error} PROTOCOL_ERROR if the body is shorter than announced.
   */
  receiveEnd(): void {
    if (this.#announced > 0) throw this.#wrongLength();
    this.#peerEnded = true;
    this.body.end();
    this.onPeerEnd();
  }

  /** The stream ends here, without a frame of ours. */
  fail(error: Http2Error, expectFrames: boolean): void {
    if (this.#failure !== null || this.#complete) return;
    this.#failure = error;
    this.host.forget(this, expectFrames);
    this.failSending(error);
    this.body.fail(error);
    this.#abort?.abort(error);
  }

  /** Our side is at its end. */
  protected abstract onEnd(): void;

  /** The peer's side is at its end. */
  protected abstract onPeerEnd(): void;

  /** Both sides are through; the peer may still send, unless it ended too. */
  protected complete(): void {
    this.#complete = true;
    this.host.forget(this, !this.#peerEnded);
  }

  /** Nothing more is sent: what waits rejects with `error`, and later calls throw it. */
  protected failSending(error: Http2Error): void {
    this.#sendFailure = error;
    this.host.sendFlow.fail(this.sendStream, error);
  }

  /** The peer's fields say how long its body is. */
  protected expectLength(fields: readonly HeaderField[]): void {
    this.#announced = Number(
      fields.find(([name]) => name === "content-length")?.[1] ?? -1,
    );
  }

  /** Ends our side behind all that was written, with these fields if any. */
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

  /** Sends our header fields, and notes whether nothing else follows. */
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

  /** What a stream that this side reset fails with. */
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
