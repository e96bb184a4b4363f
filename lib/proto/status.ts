/** Messages of `google.rpc` that are part of gRPC itself. @module */

import {
  INT32,
  many,
  type Message,
  message,
  one,
  RAW,
  TEXT,
} from "./message.ts";

/** `google.protobuf.Any`: a value of any type. */
export interface AnyMessage {
  /** Type of the value, such as `github.com/…/errdefs.Source+json`. */
  readonly typeUrl: string;
  /** The value, encoded as the type says. */
  readonly value: Uint8Array;
}

const any: Message<AnyMessage> = message({
  typeUrl: one(1, TEXT),
  value: one(2, RAW),
});

/** `google.rpc.Status`, as far as trailers have no field of their own for it. */
export const rpcStatus: Message<{ readonly details: readonly AnyMessage[] }> =
  message({
    details: many(3, any),
  });

/** `google.rpc.Status`, where it stands alone. */
export interface StatusMessage {
  /** The code, as gRPC counts them. */
  readonly code: number;
  readonly message: string;
  readonly details: readonly AnyMessage[];
}

/** `google.rpc.Status`, where it stands alone. */
export const wholeStatus: Message<StatusMessage> = message({
  code: one(1, INT32),
  message: one(2, TEXT),
  details: many(3, any),
});
