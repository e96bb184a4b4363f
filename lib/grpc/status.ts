/** The status codes of gRPC; numbers as on the wire. */
export enum GrpcCode {
  /** No error. */
  OK = 0,
  /** Given up by who asked. */
  CANCELLED = 1,
  /** Something else went wrong; most of BuildKit's errors. */
  UNKNOWN = 2,
  /** What was asked makes no sense. */
  INVALID_ARGUMENT = 3,
  /** Not done in time. */
  DEADLINE_EXCEEDED = 4,
  /** There is no such thing. */
  NOT_FOUND = 5,
  /** There is such a thing already. */
  ALREADY_EXISTS = 6,
  /** Known, and not allowed. */
  PERMISSION_DENIED = 7,
  /** Too large, or too many. */
  RESOURCE_EXHAUSTED = 8,
  /** Not in this state. */
  FAILED_PRECONDITION = 9,
  /** Broken off by something that went on at the same time. */
  ABORTED = 10,
  /** Past the end. */
  OUT_OF_RANGE = 11,
  /** No such method; engines fall back then. */
  UNIMPLEMENTED = 12,
  /** A fault of who answers, or an answer that can't be read. */
  INTERNAL = 13,
  /** Nobody there, or not any more. */
  UNAVAILABLE = 14,
  /** Data is lost for good. */
  DATA_LOSS = 15,
  /** Not known who asks. */
  UNAUTHENTICATED = 16,
}

/** Metadata in order, a key as often as it came; keys are in lower case, values as on the wire. */
export type GrpcMetadata = readonly (readonly [key: string, value: string])[];

/** One of the things that a status tells beside its sentence (`google.protobuf.Any`). */
export interface GrpcDetail {
  /** What the value is, such as `github.com/moby/buildkit/errdefs.Source+json`. */
  readonly typeUrl: string;
  /** In the encoding that the type says. */
  readonly value: Uint8Array;
}

/** What a {@linkcode GrpcError} may hold beside code and sentence. */
export interface GrpcErrorInit extends ErrorOptions {
  /** What `grpc-status-details-bin` told. */
  readonly details?: readonly GrpcDetail[];
  /** The other metadata that came with the status. */
  readonly metadata?: GrpcMetadata;
  /** The server did nothing with the call. @default {false} */
  readonly notProcessed?: boolean;
}

/**
 * A call that did not end with OK. As an answer of ours its message goes to the
 * engine: no secrets in it.
 */
export class GrpcError extends Error {
  override readonly name: string = "GrpcError";
  /** The status code. */
  readonly code: GrpcCode;
  /** What the server told beside the sentence; none if it told nothing or none can be read. */
  readonly details: readonly GrpcDetail[];
  /** The metadata that came with the status, the status itself left out. */
  readonly metadata: GrpcMetadata;
  /** The server did nothing with the call, which may be made again on another connection. */
  readonly notProcessed: boolean;

  /** Names the code and the sentence. */
  constructor(code: GrpcCode, message: string, init: GrpcErrorInit = {}) {
    super(message, init);
    this.code = code;
    this.details = init.details ?? [];
    this.metadata = init.metadata ?? [];
    this.notProcessed = init.notProcessed ?? false;
  }
}

/**
 * The trailers for an error. One that is not a {@linkcode GrpcError} becomes
 * `internal error`: what our own program stumbled over is none of the peer's
 * business and may hold what must not travel.
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

/** gRPC over HTTP2, "Status-Message": all but printable ASCII, and `%`, is escaped. */
function percentEncoded(text: string): string {
  return Array.from(
    new TextEncoder().encode(text),
    (byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");
}
