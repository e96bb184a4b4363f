/** Messages of `google.rpc` that are part of gRPC itself. @module */

import { many, type Message, message, one, RAW, TEXT } from "./message.ts";

/** `google.protobuf.Any`: a value of any type. */
export interface AnyMessage {
  /** Type of the value, such as `github.com/…/errdefs.Source+json`. */
  readonly typeUrl: string;
  /** The value, encoded as the type says. */
  readonly value: Uint8Array;
}

/** `google.rpc.Status`, whose code and text come in trailers of their own. */
export const rpcStatus: Message<{ readonly details: readonly AnyMessage[] }> =
  message({
    details: many(
      3,
      message<AnyMessage>({ typeUrl: one(1, TEXT), value: one(2, RAW) }),
    ),
  });
