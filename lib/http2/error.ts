/** The error codes of HTTP/2, and the error class of this folder. @module */

/** Error codes of RST_STREAM and GOAWAY (RFC 9113 section 7). */
export const ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

/** Options of an {@linkcode Http2Error}. */
export interface Http2ErrorInit {
  /** One of {@linkcode ErrorCode}, or another number that the peer sent. */
  code: number;
  /** The stream that ended; 0, the default, for the whole connection. */
  streamId?: number;
  /**
   * Whether the peer reported the error, by RST_STREAM or GOAWAY; by default
   * this side found it.
   */
  remote?: boolean;
  /**
   * Whether the peer certainly has not processed the request; by default it may
   * have.
   */
  notProcessed?: boolean;
  /** The error that caused this one. */
  cause?: unknown;
}

/** A stream or the connection ended early. */
export class Http2Error extends Error {
  override readonly name: string = "Http2Error";
  /** One of {@linkcode ErrorCode}, or another number that the peer sent. */
  readonly code: number;
  /** The stream that ended, or 0 for the whole connection. */
  readonly streamId: number;
  /** Whether the peer reported the error; otherwise this side found it. */
  readonly remote: boolean;
  /**
   * Whether the peer certainly has not processed the request, so that it may be
   * sent again on another connection: the stream was refused, or is above the
   * last one of a GOAWAY, or was never opened (RFC 9113 section 8.7).
   */
  readonly notProcessed: boolean;

  /** @param message What ended and why; the name of the code is added. */
  constructor(message: string, init: Http2ErrorInit) {
    super(message, init.cause === undefined ? {} : { cause: init.cause });
    this.code = init.code;
    this.streamId = init.streamId ?? 0;
    this.remote = init.remote ?? false;
    this.notProcessed = init.notProcessed ?? false;
  }
}

/**
 * The name of an error code, for messages: `"CANCEL"`, or `"0x2a"` for an
 * unknown one.
 */
export function errorName(code: number): string {
  for (const [name, value] of Object.entries(ErrorCode)) {
    if (value === code) return name;
  }
  return `0x${code.toString(16)}`;
}

/** Makes an error that ends the connection (RFC 9113 section 5.4.1). */
export function connectionError(code: number, message: string): Http2Error {
  return new Http2Error(message, { code });
}

/** Makes an error that ends one stream (RFC 9113 section 5.4.2). */
export function streamError(
  code: number,
  message: string,
  streamId: number,
): Http2Error {
  return new Http2Error(message, { code, streamId });
}

/** How the error of a peer begins that speaks something else. */
const OTHERWISE = "Peer does not speak HTTP/2";

/** Whether an error says that the peer speaks something else than HTTP/2. */
export function speaksOtherwise(error: Error): boolean {
  return error instanceof Http2Error && error.message.startsWith(OTHERWISE);
}

/** Whether an error says that the peer speaks HTTP/1, as engines do. */
export function speaksHttp1(error: Error): boolean {
  return speaksOtherwise(error) && error.message.includes('are "HTTP/1.');
}

/** How many bytes are shown of an answer that is not HTTP/2. */
const SHOWN_BYTES = 60;

/**
 * Makes the error for a fault in `chunk` before the first SETTINGS: in most
 * cases the peer speaks another protocol, so the message shows its first bytes.
 */
export function notHttp2(error: Http2Error, chunk: Uint8Array): Http2Error {
  const text = String.fromCharCode(...chunk.subarray(0, SHOWN_BYTES))
    .replaceAll(/[^ -~]/g, "?");
  return new Http2Error(
    `${OTHERWISE}, its bytes are "${text}": ${error.message}`,
    { code: error.code, cause: error },
  );
}
