import type { BuildMessage } from "../message.ts";
import type { BuildRecord } from "../record.ts";

/** Tells a record what an engine's message says. */
export function tellMessage(record: BuildRecord, message: BuildMessage): void {
  record.publish(message);
}
