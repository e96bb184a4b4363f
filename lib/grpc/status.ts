/** The status codes of gRPC, with their numbers in the protocol. */
export enum GrpcCode {
  /** No error. */
  OK = 0,
  /** The caller has given the call up. */
  CANCELLED = 1,
  /** Any other error; most errors of BuildKit have this code. */
  UNKNOWN = 2,
  /** The request has a wrong argument. */
  INVALID_ARGUMENT = 3,
  /** The deadline has passed. */
  DEADLINE_EXCEEDED = 4,
  /** The thing that was asked for does not exist. */
  NOT_FOUND = 5,
  /** The thing to be made exists already. */
  ALREADY_EXISTS = 6,
  /** The caller is known, and may not do this. */
  PERMISSION_DENIED = 7,
  /**
   * A limit was reached: something is too large, or there is too much of it.
   */
  RESOURCE_EXHAUSTED = 8,
  /** The call is not possible in the present state. */
  FAILED_PRECONDITION = 9,
  /** The call was interrupted by something that happened at the same time. */
  ABORTED = 10,
  /** A value is past the end of the range. */
  OUT_OF_RANGE = 11,
  /** There is no such method; engines then do without it. */
  UNIMPLEMENTED = 12,
  /** A fault of the server, or an answer that can't be read. */
  INTERNAL = 13,
  /** The server can't be reached, or not any more. */
  UNAVAILABLE = 14,
  /** Data was lost and can't be restored. */
  DATA_LOSS = 15,
  /** The caller is not known. */
  UNAUTHENTICATED = 16,
}

/**
 * Received metadata in order; a key may come several times. Keys are in lower
 * case, values as they were sent.
 */
export type GrpcMetadata = readonly (readonly [key: string, value: string])[];

/** One of the details of a status (`google.protobuf.Any`). */
export interface GrpcDetail {
  /**
   * Type of the value, such as `github.com/moby/buildkit/errdefs.Source+json`.
   */
  readonly typeUrl: string;
  /** The value, encoded as the type says. */
  readonly value: Uint8Array;
}

/** Options of a {@linkcode GrpcError}. */
export interface GrpcErrorInit extends ErrorOptions {
  /** The details in `grpc-status-details-bin`. */
  readonly details?: readonly GrpcDetail[];
  /** The other metadata that came with the status. */
  readonly metadata?: GrpcMetadata;
  /**
   * Whether the server certainly has not processed the call. @default {false}
   */
  readonly notProcessed?: boolean;
  /** Whether the server has sent this status. @default {false} */
  readonly received?: boolean;
}

/**
 * A call that did not end with OK. If it is thrown by a method of this side,
 * its message is sent to the engine, so it must not hold a secret.
 */
export class GrpcError extends Error {
  override readonly name: string = "GrpcError";
  /** The status code. */
  readonly code: GrpcCode;
  /**
   * The details that the server sent with the status; empty if there are none,
   * or if they can't be read.
   */
  readonly details: readonly GrpcDetail[];
  /** The metadata that came with the status, without the status itself. */
  readonly metadata: GrpcMetadata;
  /**
   * Whether the server certainly has not processed the call, so that it may be
   * made again on another connection.
   */
  readonly notProcessed: boolean;
  /**
   * Whether the server has sent this status. Otherwise this side made it: the
   * connection has ended, or the answer can't be read.
   */
  readonly received: boolean;

  /** Makes the error; its message has the code's name and the given text. */
  constructor(code: GrpcCode, message: string, init: GrpcErrorInit = {}) {
    super(message, init);
    this.code = code;
    this.details = init.details ?? [];
    this.metadata = init.metadata ?? [];
    this.notProcessed = init.notProcessed ?? false;
    this.received = init.received ?? false;
  }
}

/**
 * The trailers for an error. An error that is not a {@linkcode GrpcError} is
 * sent as `internal error`: its message is about this program, and may hold
 * something that must not be sent.
 */
export function statusTrailers(error?: unknown): [string, string][] {
  if (error === undefined) return [["grpc-status", String(GrpcCode.OK)]];
  const { code, message } = error instanceof GrpcError
    ? error
    : { code: GrpcCode.INTERNAL, message: "internal error" };
  return [
    ["grpc-status", String(code)],
    ["grpc-message", percentEncoded(message)],
  ];
}

/**
 * Percent-encodes a message (gRPC over HTTP2, "Status-Message"): everything but
 * printable ASCII, and `%`.
 */
function percentEncoded(text: string): string {
  return Array.from(
    new TextEncoder().encode(text),
    (byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");
}
