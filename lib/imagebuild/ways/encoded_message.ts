import type { JsonMessage } from "../../engine/message.ts";
import type { SolveStatus } from "../../progress/solve_status.ts";
import { encodeTrace } from "../../progress/trace_encode.ts";

/**
 * Encodes a part of BuildKit's log as a message, in the form in which an engine
 * sends it.
 */
export function encodedMessage(status: SolveStatus): JsonMessage {
  return { id: "moby.buildkit.trace", aux: encodeTrace(status) };
}
