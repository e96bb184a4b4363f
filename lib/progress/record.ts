import type { Timestamp } from "./solve_status.ts";

/** Key of what the engine sent, with its times to the nanosecond; for displays. */
export const RECORD: unique symbol = Symbol("record");

/** Milliseconds since the epoch. */
export function millisOf(time: Timestamp): number {
  return time.seconds * 1000 + time.nanos / 1e6;
}
