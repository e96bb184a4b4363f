import { encodeBinary } from "./received_status.ts";

/** Metadata of a call: keys in lower case, bytes only under keys that end in `-bin`. */
export type RequestMetadata = Iterable<
  readonly [key: string, value: string | Uint8Array]
>;

/** gRPC over HTTP2, "Header-Name". */
const KEY = /^[0-9a-z_.-]+$/;

/** What the call itself sends, or HTTP/2 forbids. */
const RESERVED =
  /^(?:grpc-.*|content-type|content-length|te|user-agent|connection|host)$/;

/** gRPC over HTTP2, "ASCII-Value". */
const VALUE = /^[ -~]*$/;

/**
 * The header fields of a call's metadata.
 *
 * @throws {TypeError} If a key or a value can't be sent. The error does not
 * hold the value, which may be a secret.
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
