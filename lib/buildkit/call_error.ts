import { ConnectionError, ProtocolError } from "../errors.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";
import { ErrorCode, Http2Error } from "../http2/error.ts";
import { readDetails } from "./error_details.ts";
import { SolveError } from "./solve_error.ts";

/** HTTP/2 errors of this side that say that the other one does not speak it. */
const FAULTS: readonly number[] = [
  ErrorCode.PROTOCOL_ERROR,
  ErrorCode.FLOW_CONTROL_ERROR,
  ErrorCode.STREAM_CLOSED,
  ErrorCode.FRAME_SIZE_ERROR,
  ErrorCode.COMPRESSION_ERROR,
  ErrorCode.ENHANCE_YOUR_CALM,
];

/**
 * The error to report of a call to BuildKit that failed:
 *
 * - a {@linkcode SolveError} if BuildKit itself answered with it,
 * - a {@linkcode ConnectionError} if the connection has ended or BuildKit broke
 *   the call off,
 * - a {@linkcode ProtocolError} if the answer is not one that BuildKit gives.
 *
 * Other errors, such as the reason of the call's signal, are returned as they
 * are.
 *
 * @param where The engine's address.
 * @param what The call, such as `Control/Solve`.
 */
export function callError(
  error: unknown,
  where: string,
  what: string,
): unknown {
  if (!(error instanceof GrpcError)) return error;
  const { code, message, details, cause } = error;
  if (error.received) {
    return new SolveError({ code, detail: message, ...readDetails(details) });
  }
  if (cause instanceof Http2Error) {
    return !cause.remote && FAULTS.includes(cause.code)
      ? protocolError(where, what, error)
      : new ConnectionError(
        `The connection to BuildKit at ${where} broke in ${what} (${message}): is it still running?`,
        { cause: error },
      );
  }
  if (code === GrpcCode.DEADLINE_EXCEEDED) {
    return new ConnectionError(
      `BuildKit at ${where} did not answer ${what} in time (${message}): is it still running?`,
      { cause: error },
    );
  }
  return protocolError(where, what, error);
}

function protocolError(
  where: string,
  what: string,
  error: GrpcError,
): ProtocolError {
  return new ProtocolError(
    `The answer of BuildKit at ${where} to ${what} can't be used (${error.message}): is something between davit and the engine?`,
    { cause: error },
  );
}
