import type { JsonMessage } from "../../lib/engine/message.ts";
import { EventReader, type Fact } from "../../lib/imagebuild/fact.ts";
import type { BuildMask } from "../../lib/imagebuild/mask.ts";
import type { BuildMessage } from "../../lib/imagebuild/message.ts";
import type { BuildEvent } from "../../lib/progress/event.ts";
import { BuildRecord } from "../../lib/imagebuild/record.ts";
import {
  readTrace,
  tellMessage,
} from "../../lib/imagebuild/ways/engine_messages.ts";
import {
  maskedMessages,
  maskedRest,
} from "../../lib/imagebuild/ways/masked_messages.ts";

/** What a mask makes of a message, with its trace decoded. */
export function masked(mask: BuildMask, message: JsonMessage): BuildMessage[] {
  return Array.from(maskedMessages(mask, message), decoded);
}

/** What a mask has held back, at the end of all. */
export function maskedEnd(mask: BuildMask): BuildMessage[] {
  return Array.from(maskedRest(mask), decoded);
}

function decoded(message: JsonMessage): BuildMessage {
  const trace = readTrace(message);
  return (trace === undefined
    ? message
    : { ...message, trace }) as BuildMessage;
}

/** A record that is told these messages, and what it keeps of them. */
export function recorded(
  messages: readonly JsonMessage[],
  names: readonly string[] = [],
): { record: BuildRecord; facts: Fact[] } {
  const facts: Fact[] = [];
  const record = new BuildRecord((fact) => {
    facts.push(fact);
    return undefined;
  }, names);
  for (const message of messages) tellMessage(record, message);
  return { record, facts };
}

/** The events of what a record keeps. */
export function eventsOf(facts: readonly Fact[]): BuildEvent[] {
  const reader = new EventReader();
  return facts.flatMap((fact) => reader.read(fact));
}
