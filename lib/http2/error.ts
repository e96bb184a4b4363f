/** The error codes of HTTP/2 and the one error class of this room. @module */

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

/** What an {@linkcode Http2Error} is made of, beside its message. */
export interface Http2ErrorInit {
  /** One of {@linkcode ErrorCode}, or a number that only the peer knows. */
  code: number;
  /** The stream it ended; 0, the default, for the whole connection. */
  streamId?: number;
  /** The peer told us, by RST_STREAM or GOAWAY; by default we found it. */
  remote?: boolean;
  /** The peer did nothing with the request; by default it may have. */
  notProcessed?: boolean;
  /** What led here. */
  cause?: unknown;
}

/** A stream or the connection ended before its time, and why. */
export class Http2Error extends Error {
  override readonly name: string = "Http2Error";
  /** One of {@linkcode ErrorCode}, or a number that only the peer knows. */
  readonly code: number;
  /** The stream it ended, or 0 for the whole connection. */
  readonly streamId: number;
  /** Whether the peer told us; otherwise this side found it. */
  readonly remote: boolean;
  /**
   * The peer did nothing with the request, so that it may be sent again on
   * another connection: the stream was refused, or is above the last one of a
   * GOAWAY, or was never begun (RFC 9113 section 8.7).
   */
  readonly notProcessed: boolean;

  /** Says what ended and why, with the code the wire carries. */
  constructor(message: string, init: Http2ErrorInit) {
    super(message, init.cause === undefined ? {} : { cause: init.cause });
    this.code = init.code;
    this.streamId = init.streamId ?? 0;
    this.remote = init.remote ?? false;
    this.notProcessed = init.notProcessed ?? false;
  }
}

/** The name of an error code, for messages: `"CANCEL"`, or `"0x2a"` when it has none. */
export function errorName(code: number): string {
  for (const [name, value] of Object.entries(ErrorCode)) {
    if (value === code) return name;
  }
  return `0x${code.toString(16)}`;
}

/** An error that ends the connection (RFC 9113 section 5.4.1). */
export function connectionError(code: number, message: string): Http2Error {
  return new Http2Error(message, { code });
}

/** An error that ends one stream (RFC 9113 section 5.4.2). */
export function streamError(
  code: number,
  message: string,
  streamId: number,
): Http2Error {
  return new Http2Error(message, { code, streamId });
}

/** Of bytes that are no HTTP/2, so many are shown. */
const SHOWN_BYTES = 60;

/**
 * An error that was found in `chunk` before the first SETTINGS came: the peer
 * most often speaks another protocol.
 */
export function notHttp2(error: Http2Error, chunk: Uint8Array): Http2Error {
  const text = String.fromCharCode(...chunk.subarray(0, SHOWN_BYTES))
    .replaceAll(/[^ -~]/g, "?");
  return new Http2Error(
    `Peer does not speak HTTP/2, its bytes are "${text}": ${error.message}`,
    { code: error.code, cause: error },
  );
}
