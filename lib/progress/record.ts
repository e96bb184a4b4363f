import type { Timestamp } from "./solve_status.ts";

/**
 * Key of the engine's own record in an event. The record has the times to the
 * nanosecond, which displays need.
 */
export const RECORD: unique symbol = Symbol("record");

/** A time in milliseconds since the epoch. */
export function millisOf(time: Timestamp): number {
  return time.seconds * 1000 + time.nanos / 1e6;
}
