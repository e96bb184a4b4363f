import type { TimestampMessage } from "../../lib/proto/timestamp.ts";
import {
  historyRecord,
  type HistoryRecordMessage,
} from "../../lib/proto/history.ts";

/** A record with these fields; the others are as if nothing was sent. */
export function recordWith(
  fields: Partial<HistoryRecordMessage>,
): HistoryRecordMessage {
  return { ...historyRecord.zero(), ...fields };
}

/** A time, so many seconds (and nanoseconds) after 1970. */
export function at(seconds: number, nanos: number = 0): TimestampMessage {
  return { seconds, nanos };
}
