/** The gRPC status codes that davit answers or reads; numbers as on the wire. */
export enum GrpcCode {
  /** No error. */
  OK = 0,
  /** Something else went wrong. */
  UNKNOWN = 2,
  /** What was asked makes no sense. */
  INVALID_ARGUMENT = 3,
  /** There is no such thing. */
  NOT_FOUND = 5,
  /** Too large. */
  RESOURCE_EXHAUSTED = 8,
  /** Not in this state. */
  FAILED_PRECONDITION = 9,
  /** No such method; engines fall back then. */
  UNIMPLEMENTED = 12,
  /** A fault of ours. */
  INTERNAL = 13,
}

/** An answer to a call that is not OK. The message goes to the engine: no secrets in it. */
export class GrpcError extends Error {
  override readonly name: string = "GrpcError";
  /** The status code. */
  readonly code: GrpcCode;

  /** Names the code and the sentence. */
  constructor(code: GrpcCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
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
