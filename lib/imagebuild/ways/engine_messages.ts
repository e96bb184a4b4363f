/**
 * Reads the JSON messages of an engine's answer into the record, and makes
 * messages from the record's facts for those who read `messages()`.
 *
 * @module
 */

import type { JsonMessage } from "../../engine/message.ts";
import type { SolveStatus } from "../../progress/solve_status.ts";
import { decodeTrace } from "../../progress/trace.ts";
import type { Fact, OwnEvent, OwnWarning, WarningFact } from "../fact.ts";
import type { BuildMessage, TraceMessage, WarningMessage } from "../message.ts";
import type { BuildRecord } from "../record.ts";

/** Id of the messages that carry BuildKit's log. */
export const TRACE = "moby.buildkit.trace";

/** Reports an engine's message to the record. */
export function tellMessage(record: BuildRecord, message: JsonMessage): void {
  if (message.id !== TRACE) return record.tellLine(message);
  const status = readTrace(message);
  if (status === undefined) record.warn(...TRACE_UNREADABLE);
  else record.tellStatus(status, message);
}

/** The part of BuildKit's log that a message carries; undefined if it can't be read. */
export function readTrace({ aux }: JsonMessage): SolveStatus | undefined {
  return typeof aux === "string" ? decodeTrace(aux) : undefined;
}

/** The warning that replaces a message that can't be read. */
export const TRACE_UNREADABLE: OwnWarning = [
  "trace-unreadable",
  "a part of the engine's log could not be read, and is left out",
];

/** Turns facts into messages. */
export async function* messagesOf(
  facts: AsyncIterable<Fact>,
): AsyncGenerator<BuildMessage, void, undefined> {
  for await (const fact of facts) yield messageOf(fact);
}

function messageOf(fact: Fact): BuildMessage | Promise<BuildMessage> {
  switch (fact.kind) {
    case "status":
      return fact.message === undefined
        ? encoded(fact.status)
        : withTrace(fact.message, fact.status);
    case "line":
      return fact.message as BuildMessage; // its id tells the type
    case "own":
      return eventMessage(fact.event);
    case "warning":
      return warningMessage(fact);
  }
}

/**
 * Encodes a status that came in no message, or that masking changed. This is
 * done only when somebody reads it.
 */
async function encoded(status: SolveStatus): Promise<BuildMessage> {
  const { encodedMessage } = await import("./encoded_message.ts");
  return withTrace(encodedMessage(status), status);
}

function withTrace(message: JsonMessage, trace: SolveStatus): BuildMessage {
  return { ...message, trace } as TraceMessage;
}

function eventMessage({ type, ...fields }: OwnEvent): BuildMessage {
  // A message has no fields that are undefined.
  const known = Object.entries(fields).filter(([, value]) =>
    value !== undefined
  );
  const aux = Object.fromEntries(known);
  return { id: `davit.${type}`, aux } as BuildMessage;
}

/** A warning of davit's own as a message. */
export function warningMessage(
  { event: { code, short }, name, count }: WarningFact,
): WarningMessage {
  return {
    id: "davit.warning",
    status: short,
    aux: {
      code,
      ...(name === undefined ? {} : { name }),
      ...(count === undefined ? {} : { count }),
    },
  };
}

/** The image id in a message; undefined if it has none. */
export function imageIdOf(message: JsonMessage): string | undefined {
  if (message.id !== undefined && message.id !== "moby.image.id") return;
  const id = (message.aux as { ID?: unknown } | null | undefined)?.ID;
  return typeof id === "string" ? id : undefined;
}
