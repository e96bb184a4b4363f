import { rpcStatus } from "../proto/status.ts";
import { GrpcCode, GrpcError, type GrpcMetadata } from "./status.ts";

/**
 * Header fields that belong to the call itself, and are not metadata of the
 * application.
 */
const OWN_FIELDS = new Set([
  "content-type",
  "grpc-status",
  "grpc-message",
  "grpc-status-details-bin",
]);

/** The metadata among the header fields of a head or of trailers. */
export function metadataOf(
  fields: readonly (readonly [name: string, value: string])[],
): GrpcMetadata {
  return fields.filter(([name]) =>
    !name.startsWith(":") && !OWN_FIELDS.has(name)
  );
}

/**
 * Decodes a metadata value whose key ends in `-bin`: base64, with or without
 * padding.
 */
export function decodeBinary(value: string): Uint8Array {
  return Uint8Array.fromBase64(value);
}

/** Encodes a metadata value for a key that ends in `-bin`. */
export function encodeBinary(bytes: Uint8Array): string {
  return bytes.toBase64({ omitPadding: true });
}

/**
 * The error with which a call has ended; `undefined` if it has ended with OK.
 *
 * `grpc-status-details-bin` is a `google.rpc.Status` in base64. If the details
 * can't be read, the status is returned without them, and the reason is the
 * error's `cause`.
 *
 * @param fields The trailers, or the head if the answer has nothing else.
 */
export function receivedStatus(
  fields: readonly (readonly [name: string, value: string])[],
): GrpcError | undefined {
  const get = (name: string) => fields.find((field) => field[0] === name)?.[1];
  const status = get("grpc-status");
  const metadata = metadataOf(fields);
  if (status === undefined || !/^(?:\d|1[0-6])$/.test(status)) {
    return new GrpcError(
      GrpcCode.UNKNOWN,
      status === undefined
        ? "The server ended the call without a status"
        : `The server ended the call with a status that is none: ${status}`,
      { metadata },
    );
  }
  const code = Number(status);
  if (code === GrpcCode.OK) return undefined;
  const message = percentDecoded(get("grpc-message") ?? "");
  const encoded = get("grpc-status-details-bin");
  const init = { metadata, received: true };
  if (encoded === undefined) return new GrpcError(code, message, init);
  try {
    const { details } = rpcStatus.decode(decodeBinary(encoded));
    return new GrpcError(code, message, {
      ...init,
      // A view would keep the whole status in memory.
      details: details.map(({ typeUrl, value }) => ({
        typeUrl,
        value: value.slice(),
      })),
    });
  } catch (cause) {
    return new GrpcError(code, message, { ...init, cause });
  }
}

/**
 * Decodes percent-encoded UTF-8 (gRPC over HTTP2, "Status-Message"). Wrong
 * encodings are left as they are, because such a text is still useful.
 */
function percentDecoded(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const hex = text[at] === "%" ? text.slice(at + 1, at + 3) : "";
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      bytes.push(parseInt(hex, 16));
      at += 2;
    } else {
      bytes.push(text.charCodeAt(at));
    }
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
