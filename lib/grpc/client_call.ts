import type { Http2ClientStream } from "../http2/client_stream.ts";
import { Http2Error } from "../http2/error.ts";
import type { GrpcCall } from "./call.ts";
import type { CallScope } from "./call_scope.ts";
import { framePrefix, MessageReader } from "./frame.ts";
import { metadataOf, receivedStatus } from "./received_status.ts";
import { GrpcCode, GrpcError, type GrpcMetadata } from "./status.ts";
import { isGrpc, notGrpcError, transportError } from "./transport_error.ts";

/**
 * One call of ours. `read()` gives the server's messages, and `null` behind
 * the last if the call ended with OK; otherwise it rejects with the
 * {@linkcode GrpcError} of its status, or with the reason of its signal.
 *
 * A call that is not read to its end has to be ended by `cancel()` or by
 * `await using`.
 */
export interface GrpcClientCall extends GrpcCall, AsyncDisposable {
  /** The metadata ahead of the first message, once the server sent it. */
  head(): Promise<GrpcMetadata>;
  /** No more messages are sent. */
  end(): Promise<void> | undefined;
  /**
   * Gives the call up, which the server is told of by RST_STREAM(CANCEL).
   * `reason` is what it fails with from now on, by default a
   * {@linkcode GrpcError} CANCELLED. A call that is over stays as it is.
   */
  cancel(reason?: unknown): void;
}

/** A call on an open stream. */
export class ClientCall implements GrpcClientCall {
  readonly #stream: Http2ClientStream;
  readonly #scope: CallScope;
  readonly #messages: MessageReader;
  readonly #onAbort = (): void => {
    this.#stream.reset();
    this.#over(this.#scope.signal.reason);
  };
  #checkedHead: Promise<void> | undefined;
  #head: GrpcMetadata = [];
  #trailers: GrpcMetadata = [];
  /** How it ended, if it is over. */
  #end: { readonly error: unknown } | undefined;

  /** Takes the stream and the scope over. */
  constructor(
    stream: Http2ClientStream,
    scope: CallScope,
    maxMessageBytes: number,
  ) {
    this.#stream = stream;
    this.#scope = scope;
    this.#messages = new MessageReader(() => stream.read(), maxMessageBytes);
    scope.signal.addEventListener("abort", this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#stream.signal;
  }

  metadata(key: string): string[] {
    return [...this.#head, ...this.#trailers]
      .filter(([name]) => name === key).map(([, value]) => value);
  }

  async head(): Promise<GrpcMetadata> {
    try {
      await (this.#checkedHead ??= this.#checkHead());
      return this.#head;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async read(): Promise<Uint8Array | null> {
    if (this.#end !== undefined) {
      if (this.#end.error === undefined) return null;
      throw this.#end.error;
    }
    try {
      await (this.#checkedHead ??= this.#checkHead());
      const message = await this.#messages.next();
      if (message === null) await this.#finish();
      return message;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  write(...parts: Uint8Array[]): Promise<void> | undefined {
    let length = 0;
    for (const part of parts) length += part.length;
    return this.#sending(() =>
      this.#stream.write(framePrefix(length), ...parts)
    );
  }

  end(): Promise<void> | undefined {
    return this.#sending(() => this.#stream.end());
  }

  cancel(reason?: unknown): void {
    this.#scope.abort(
      reason ?? new GrpcError(GrpcCode.CANCELLED, "The call was given up"),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    return Promise.resolve();
  }

  /** @throws {GrpcError} If who answers is no gRPC server. */
  async #checkHead(): Promise<void> {
    const fields = await this.#stream.response;
    const status = fields[0]![1];
    const type = fields.find(([name]) => name === "content-type")?.[1];
    if (status !== "200" || !isGrpc(type)) {
      throw await notGrpcError(status, type, () => this.#stream.read());
    }
    this.#head = metadataOf(fields);
  }

  /** @throws {GrpcError} If the call did not end with OK. */
  async #finish(): Promise<void> {
    const { trailers } = this.#stream;
    this.#trailers = metadataOf(trailers);
    // An answer of nothing but a status is a head.
    const error = receivedStatus(
      trailers.length > 0 ? trailers : await this.#stream.response,
    );
    if (error !== undefined) throw this.#scope.atDeadline(error);
    this.#over(undefined);
  }

  /** Sends something; says why it can't be sent in words of the call's. */
  #sending(send: () => Promise<void> | undefined): Promise<void> | undefined {
    let sent: Promise<void> | undefined;
    try {
      sent = send();
    } catch (error) {
      throw this.#sendError(error);
    }
    const told = sent?.catch((error) => {
      throw this.#sendError(error);
    });
    // Whoever drops the promise learns of the end from read() or the signal.
    told?.catch(() => {});
    return told;
  }

  #sendError(error: unknown): unknown {
    if (!(error instanceof Http2Error)) return error;
    if (this.#end?.error !== undefined) return this.#end.error;
    if (this.#stream.signal.aborted) return this.#fail(error);
    return new GrpcError(
      GrpcCode.ABORTED,
      "The server ended the call and takes no more messages: read() tells its status",
      { cause: error },
    );
  }

  /** What the call fails with, for good: the first that was found. */
  #fail(error: unknown): unknown {
    if (this.#end !== undefined) return this.#end.error;
    // What can't be read may still be coming: that is given back.
    this.#stream.reset();
    return this.#over(
      error instanceof Http2Error ? transportError(error) : error,
    );
  }

  #over(error: unknown): unknown {
    this.#end ??= { error };
    this.#scope.close();
    this.#scope.signal.removeEventListener("abort", this.#onAbort);
    return error;
  }
}
