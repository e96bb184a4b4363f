import type { Http2ClientStream } from "../http2/client_stream.ts";
import { Http2Error } from "../http2/error.ts";
import type { GrpcCall } from "./call.ts";
import type { CallScope } from "./call_scope.ts";
import { MessageReader, MessageWriter } from "./frame.ts";
import { metadataOf, receivedStatus } from "./received_status.ts";
import { GrpcCode, GrpcError, type GrpcMetadata } from "./status.ts";
import { isGrpc, notGrpcError, transportError } from "./transport_error.ts";

/**
 * One call to a server. `read()` returns the server's messages, and `null`
 * after the last one if the call has ended with OK. Otherwise it rejects with
 * the {@linkcode GrpcError} of the status, or with the reason of the call's
 * signal.
 *
 * A call that is not read to its end has to be ended by `cancel()` or by
 * `await using`.
 */
export interface GrpcClientCall extends GrpcCall, AsyncDisposable {
  /** The metadata before the first message, once the server has sent it. */
  head(): Promise<GrpcMetadata>;
  /** Ends this side of the call: no more messages are sent. */
  end(): Promise<void> | undefined;
  /**
   * Gives the call up; the server is told by RST_STREAM(CANCEL). From then on
   * the call fails with `reason`, by default a {@linkcode GrpcError} CANCELLED.
   * A call that has ended is not changed.
   */
  cancel(reason?: unknown): void;
}

/** A call on an open stream. */
export class ClientCall implements GrpcClientCall {
  readonly #stream: Http2ClientStream;
  readonly #scope: CallScope;
  readonly #messages: MessageReader;
  readonly #writer: MessageWriter;
  #checkedHead: Promise<void> | undefined;
  #head: GrpcMetadata = [];
  #trailers: GrpcMetadata = [];
  /** The outcome of the call; undefined until it has ended. */
  #end: { readonly error: unknown } | undefined;

  /**
   * @param stream The call's stream.
   * @param scope Ends the call early.
   */
  constructor(
    stream: Http2ClientStream,
    scope: CallScope,
    maxMessageBytes: number,
  ) {
    this.#stream = stream;
    this.#scope = scope;
    this.#messages = new MessageReader(
      () => scope.hear(() => stream.read()),
      maxMessageBytes,
    );
    this.#writer = new MessageWriter((...parts) => stream.write(...parts));
    // A call that has ended is not changed by it.
    scope.signal.addEventListener("abort", () => {
      stream.reset();
      this.#over(scope.signal.reason);
    });
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
    return this.#sending(() => this.#writer.write(parts));
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

  /** @throws {GrpcError} If the answer is not that of a gRPC server. */
  async #checkHead(): Promise<void> {
    const fields = await this.#scope.hear(() => this.#stream.response);
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
    // If the server sends only a status, it is in the head.
    const error = receivedStatus(
      trailers.length > 0 ? trailers : await this.#stream.response,
    );
    if (error !== undefined) throw this.#scope.atDeadline(error);
    this.#over(undefined);
  }

  /** Sends something; turns an error of the stream into one of the call. */
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
    // If nobody handles the promise, it must not end the program: read() and
    // the signal report the same error.
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

  /**
   * Ends the call with an error, unless it has ended before; returns the error
   * that it ended with first.
   */
  #fail(error: unknown): unknown {
    if (this.#end !== undefined) return this.#end.error;
    // Resets the stream: more messages may still come, and nobody reads them.
    this.#stream.reset();
    return this.#over(
      error instanceof Http2Error ? transportError(error) : error,
    );
  }

  #over(error: unknown): unknown {
    this.#end ??= { error };
    this.#scope.close();
    return error;
  }
}
