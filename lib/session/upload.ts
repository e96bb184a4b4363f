import { ContextError } from "../errors.ts";
import type { GrpcCall } from "../grpc/call.ts";
import type { GrpcMethod } from "../grpc/method.ts";
import { bytesMessagePrefix } from "../proto/bytes_message.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";

/** The host in the URLs that BuildKit fetches over a session. */
const HOST = "buildkit-session";

/**
 * The longest piece that is sent as one message, in bytes: an engine of the
 * 20.10 line accepts messages of up to 4 MiB, and keeps each one whole in
 * memory.
 */
const MAX_PIECE_BYTES: number = 1024 * 1024;

/** The longest message of the engine, in bytes: it has nothing to say here. */
const MAX_REQUEST_BYTES: number = 1024;

/**
 * A stream that an engine fetches over the session by a URL, once: a context
 * that is a tar. A session has one for each of them.
 */
export class Upload {
  /**
   * The path in the URL: 128 random bits, so that the engine's cache has no
   * other stream by this URL.
   */
  readonly #path: string = `/${crypto.randomUUID().replaceAll("-", "")}`;
  #body: ReadableStream<Uint8Array> | undefined;
  readonly #stop = new AbortController();

  /** Aborts when the stream is no longer to be sent. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /**
   * Breaks off: the engine must not take what it has for the whole stream, which
   * is cancelled with this reason.
   */
  stop(reason: unknown): void {
    this.#stop.abort(reason);
  }

  /** The URL that the request for the build names. */
  get url(): string {
    return `http://${HOST}${this.#path}`;
  }

  /** Offers a stream under the URL. */
  offer(body: ReadableStream<Uint8Array>): void {
    this.#body = body;
  }

  /**
   * The stream, for the one call that reads it; undefined for another URL, or
   * if the stream is taken.
   */
  take(host: string, path: string): ReadableStream<Uint8Array> | undefined {
    if (host !== HOST || path !== this.#path) return undefined;
    const body = this.#body;
    this.#body = undefined;
    return body;
  }
}

/** Options of {@linkcode uploadService}. */
export interface UploadServiceOptions {
  /** Called with the error when the stream could not be read. */
  readonly onError: (error: ContextError) => void;
}

/**
 * `moby.upload.v1.Upload`: the engine fetches a stream by its URL, which is in
 * the metadata `urlhost` and `urlpath`. The stream is read as fast as the engine
 * takes it, and is cancelled when the engine gives the call up. For a URL that is
 * not offered, or not any more, it gets NOT_FOUND.
 */
export function uploadService(
  uploads: readonly Upload[],
  options: UploadServiceOptions,
): GrpcMethod[] {
  return [{
    path: "/moby.upload.v1.Upload/Pull",
    maxRequestBytes: MAX_REQUEST_BYTES,
    async handle(call) {
      const [host = ""] = call.metadata("urlhost");
      const [path = ""] = call.metadata("urlpath");
      const [body, stopped] = taken(uploads, host, path);
      try {
        await send(call, body, stopped);
      } catch (error) {
        if (!(error instanceof ContextError)) throw error;
        options.onError(error);
        throw new GrpcError(GrpcCode.FAILED_PRECONDITION, error.message);
      }
    },
  }];
}

/** The stream at a URL, and what stops it. */
function taken(
  uploads: readonly Upload[],
  host: string,
  path: string,
): [body: ReadableStream<Uint8Array>, stopped: AbortSignal] {
  for (const upload of uploads) {
    const body = upload.take(host, path);
    if (body !== undefined) return [body, upload.stopped];
  }
  throw new GrpcError(
    GrpcCode.NOT_FOUND,
    `nothing is offered at ${JSON.stringify(host + path)}`,
  );
}

/**
 * Sends a stream as messages `BytesMessage{1 data}`.
 *
 * @throws {GrpcError} CANCELLED if it is stopped.
 */
async function send(
  call: GrpcCall,
  body: ReadableStream<Uint8Array>,
  stopped: AbortSignal,
): Promise<void> {
  const reader = body.getReader();
  // A pending read then ends, however long the stream would take.
  const over = AbortSignal.any([call.signal, stopped]);
  const giveBack = () => {
    reader.cancel(over.reason).catch(() => {}); // nobody needs the rest
  };
  const check = () => {
    call.signal.throwIfAborted();
    if (!stopped.aborted) return;
    throw new GrpcError(GrpcCode.CANCELLED, "the build was stopped");
  };
  over.addEventListener("abort", giveBack);
  try {
    check();
    for (;;) {
      const { done, value } = await reader.read();
      check();
      if (done) return;
      for (let at = 0; at < value.length; at += MAX_PIECE_BYTES) {
        const piece = value.subarray(at, at + MAX_PIECE_BYTES);
        await call.write(bytesMessagePrefix(piece.length), piece);
      }
    }
  } finally {
    giveBack();
  }
}
