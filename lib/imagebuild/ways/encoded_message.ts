import type { JsonMessage } from "../../engine/message.ts";
import type { SolveStatus } from "../../progress/solve_status.ts";
import { encodeTrace } from "../../progress/trace_encode.ts";

/** A part of BuildKit's log as the message in which an engine would send it. */
export function encodedMessage(status: SolveStatus): JsonMessage {
  return { id: "moby.buildkit.trace", aux: encodeTrace(status) };
}
