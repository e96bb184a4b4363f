import type { JsonMessage } from "../../engine/message.ts";
import { warningFact } from "../fact.ts";
import type { BuildMask } from "../mask.ts";
import {
  readTrace,
  TRACE,
  TRACE_UNREADABLE,
  warningMessage,
} from "./engine_messages.ts";
import { encodedMessage } from "./encoded_message.ts";

/**
 * Masks a message of a build's answer, for a gateway. One message may become
 * two, and text that is held back comes with a later message. A message without
 * a secret stays as it came.
 */
export function* maskedMessages(
  mask: BuildMask,
  message: JsonMessage,
): Generator<JsonMessage> {
  if (message.id !== TRACE) return yield* mask.line(message);
  const status = readTrace(message);
  if (status === undefined) {
    return yield* mask.line(warningMessage(warningFact(...TRACE_UNREADABLE)));
  }
  const masked = mask.status(status);
  yield masked === status ? message : encodedMessage(masked);
}

/** The text that was held back, after the last message. */
export function* maskedRest(mask: BuildMask): Generator<JsonMessage> {
  const rest = mask.rest();
  if (rest !== undefined) yield rest;
  const held = mask.held();
  if (held !== undefined) yield encodedMessage(held);
}
