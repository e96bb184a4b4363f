/**
 * The JSON messages of an engine's answer: what each says is told to the record
 * as it comes, and for those who read `messages()` they are made of what was
 * told.
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

/** Tells what an engine's message says. */
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

/** What is told in the place of a message that can't be read. */
export const TRACE_UNREADABLE: OwnWarning = [
  "trace-unreadable",
  "a part of the engine's log could not be read, and is left out",
];

/** The messages of what was told. */
export async function* messagesOf(
  facts: AsyncIterable<Fact>,
): AsyncGenerator<BuildMessage, void, undefined> {
  for await (const fact of facts) yield await messageOf(fact);
}

function messageOf(fact: Fact): BuildMessage | Promise<BuildMessage> {
  switch (fact.kind) {
    case "status":
      return fact.message === undefined
        ? encoded(fact.status)
        : withTrace(fact.message, fact.status);
    case "line":
      return fact.message as BuildMessage; // its id tells which it is
    case "own":
      return eventMessage(fact.event);
    case "warning":
      return warningMessage(fact);
  }
}

/** Only what was masked, or came in no message, is encoded, and only for a reader. */
async function encoded(status: SolveStatus): Promise<BuildMessage> {
  const { encodedMessage } = await import("./encoded_message.ts");
  return withTrace(encodedMessage(status), status);
}

function withTrace(message: JsonMessage, trace: SolveStatus): BuildMessage {
  return { ...message, trace } as TraceMessage;
}

function eventMessage({ type, ...fields }: OwnEvent): BuildMessage {
  // What is not known has no field.
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

/** The image id that a message brings, if it does. */
export function imageIdOf(message: JsonMessage): string | undefined {
  if (message.id !== undefined && message.id !== "moby.image.id") return;
  const id = (message.aux as { ID?: unknown } | null | undefined)?.ID;
  return typeof id === "string" ? id : undefined;
}
