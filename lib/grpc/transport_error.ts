import { ErrorCode, Http2Error } from "../http2/error.ts";
import { GrpcCode, GrpcError } from "./status.ts";

/** How many bytes are shown of an answer that is not gRPC. */
const SHOWN_BYTES = 512;

/**
 * How long to wait for the first bytes of an answer that is not gRPC, in
 * milliseconds.
 */
const FIRST_BYTES_MS = 1_000;

/**
 * The status for each HTTP/2 error code (gRPC over HTTP2, "HTTP2 Transport
 * Mapping", "Errors"); other codes are INTERNAL.
 */
const CODE_OF_RESET = new Map<number, GrpcCode>([
  [ErrorCode.REFUSED_STREAM, GrpcCode.UNAVAILABLE],
  [ErrorCode.CANCEL, GrpcCode.CANCELLED],
  [ErrorCode.ENHANCE_YOUR_CALM, GrpcCode.RESOURCE_EXHAUSTED],
  [ErrorCode.INADEQUATE_SECURITY, GrpcCode.PERMISSION_DENIED],
]);

/**
 * The status for each HTTP status (gRPC's "HTTP to gRPC Status Code Mapping");
 * others are UNKNOWN.
 */
const CODE_OF_STATUS = new Map<string, GrpcCode>([
  ["400", GrpcCode.INTERNAL],
  ["401", GrpcCode.UNAUTHENTICATED],
  ["403", GrpcCode.PERMISSION_DENIED],
  ["404", GrpcCode.UNIMPLEMENTED],
  ["429", GrpcCode.UNAVAILABLE],
  ["502", GrpcCode.UNAVAILABLE],
  ["503", GrpcCode.UNAVAILABLE],
  ["504", GrpcCode.UNAVAILABLE],
]);

/** The error of a call whose stream or connection has failed. */
export function transportError(cause: Http2Error): GrpcError {
  const { notProcessed, streamId, code } = cause;
  const ofStream = CODE_OF_RESET.get(code) ?? GrpcCode.INTERNAL;
  return new GrpcError(
    streamId === 0 || notProcessed ? GrpcCode.UNAVAILABLE : ofStream,
    cause.message,
    { cause, notProcessed },
  );
}

/** Whether a head's content type is one of gRPC's. */
export function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined &&
    /^application\/grpc(?:[+;]|$)/i.test(contentType);
}

/**
 * The error of a call that was answered by something other than a gRPC server,
 * for example by a proxy's page. Waits a short time for the first bytes of the
 * answer, to show them.
 */
export async function notGrpcError(
  status: string,
  contentType: string | undefined,
  read: () => Promise<Uint8Array | null>,
): Promise<GrpcError> {
  const text = await firstBytes(read);
  return new GrpcError(
    CODE_OF_STATUS.get(status) ?? GrpcCode.UNKNOWN,
    `The server's answer is no gRPC: status ${status}, ` +
      `${contentType ?? "no content type"}, ` +
      (text === "" ? "no body" : `it begins with ${JSON.stringify(text)}`),
  );
}

async function firstBytes(
  read: () => Promise<Uint8Array | null>,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), FIRST_BYTES_MS);
  });
  try {
    while (text.length < SHOWN_BYTES) {
      const chunk = await Promise.race([read(), late]);
      if (chunk === null) break;
      text += decoder.decode(chunk, { stream: true });
    }
  } catch (error) {
    // If the body breaks off, the bytes that came are shown.
    if (!(error instanceof Http2Error)) throw error;
  } finally {
    clearTimeout(timer);
  }
  return text.slice(0, SHOWN_BYTES).toWellFormed();
}
