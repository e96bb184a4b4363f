/**
 * `moby.buildkit.secrets.v1.Secrets`, as its server: how BuildKit asks its
 * client for a build secret. Mounts and the git and http sources do, each time
 * that a step needs the value.
 *
 * @module
 */

import {
  maybe,
  message,
  type MethodCodec,
  one,
  RAW,
  reading,
  TEXT,
} from "./message.ts";

/** `GetSecretRequest`. */
export interface GetSecretRequest {
  /** The id of the mount: `id=` or the base name of its target. */
  readonly id: string;
}

/** `GetSecretResponse`. */
export interface GetSecretResponse {
  /**
   * The value. It is sent even if it has no bytes: an engine of the 20.10 line
   * takes a missing field for "no such mount".
   */
  readonly data: Uint8Array | undefined;
}

/** `Secrets/GetSecret`. */
export const getSecret: MethodCodec<GetSecretRequest, GetSecretResponse> =
  reading(
    message({ id: one(1, TEXT) }),
    message({ data: maybe(1, RAW) }),
  );
