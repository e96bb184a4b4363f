import { decodeTrace } from "../progress/trace.ts";
import { type BuildMessage, type TraceMessage, warning } from "./message.ts";

/** Id of the messages that carry BuildKit's log. */
export const TRACE = "moby.buildkit.trace";

/** Whether a message is a part of BuildKit's log, decoded. */
export function isTrace(message: BuildMessage): message is TraceMessage {
  return message.id === TRACE && "trace" in message;
}

/** A message with its trace decoded, if it has one; a warning, if that can't be read. */
export function decodeMessage(message: BuildMessage): BuildMessage {
  if (message.id !== TRACE) return message;
  const trace = typeof message.aux === "string"
    ? decodeTrace(message.aux)
    : undefined;
  return trace === undefined
    ? warning(
      "trace-unreadable",
      "a part of the engine's log could not be read, and is left out",
    )
    : { ...message, trace } as TraceMessage;
}
