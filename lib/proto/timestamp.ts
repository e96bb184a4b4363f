/** `google.protobuf.Timestamp`. @module */

import { INT32, INT64, type Message, message, one } from "./message.ts";

/** `google.protobuf.Timestamp`. */
export interface TimestampMessage {
  /** Seconds since 1970. */
  readonly seconds: number;
  readonly nanos: number;
}

/** `google.protobuf.Timestamp`. */
export const timestamp: Message<TimestampMessage> = message({
  seconds: one(1, INT64),
  nanos: one(2, INT32),
});
