import { encodeBinary } from "./received_status.ts";

/**
 * Metadata of a call: keys are in lower case, and values are bytes only if the
 * key ends in `-bin`.
 */
export type RequestMetadata = Iterable<
  readonly [key: string, value: string | Uint8Array]
>;

/** The form of a key (gRPC over HTTP2, "Header-Name"). */
const KEY = /^[0-9a-z_.-]+$/;

/** Keys that the call itself sends, or that HTTP/2 forbids. */
const RESERVED =
  /^(?:grpc-.*|content-type|content-length|te|user-agent|connection|host)$/;

/** The form of a text value (gRPC over HTTP2, "ASCII-Value"). */
const VALUE = /^[ -~]*$/;

/**
 * Makes the header fields of a call's metadata.
 *
 * @throws {TypeError} If a key or a value can't be sent. The message does not
 * have the value, which may be a secret.
 */
export function metadataFields(metadata: RequestMetadata): [string, string][] {
  return Array.from(metadata, ([key, value]) => {
    if (!KEY.test(key) || RESERVED.test(key)) {
      throw new TypeError(
        `Cannot send metadata ${JSON.stringify(key)}: the key is ${
          KEY.test(key) ? "the call's own" : "none"
        }`,
      );
    }
    if (key.endsWith("-bin") !== (typeof value !== "string")) {
      throw new TypeError(
        `Cannot send metadata "${key}": keys that end in -bin have bytes, and only they`,
      );
    }
    if (typeof value !== "string") return [key, encodeBinary(value)];
    if (!VALUE.test(value)) {
      throw new TypeError(
        `Cannot send metadata "${key}": its value has other than printable ASCII characters`,
      );
    }
    return [key, value];
  });
}
