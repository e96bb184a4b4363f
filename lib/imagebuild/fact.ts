import type { JsonMessage } from "../engine/message.ts";
import type {
  BuildEvent,
  ContextEvent,
  ExportEvent,
  LoginEvent,
  SecretEvent,
  SshEvent,
  WarningEvent,
} from "../progress/event.ts";
import { eventsOf } from "../progress/status_events.ts";
import { TextCarry } from "../progress/log_event.ts";
import type { SolveStatus } from "../progress/solve_status.ts";
import type { WarningCode } from "../progress/warning_code.ts";

/** What davit itself tells of a build, besides its warnings. */
export type OwnEvent =
  | SecretEvent
  | LoginEvent
  | SshEvent
  | ExportEvent
  | ContextEvent;

/**
 * A warning of davit's own: its kind, its sentence, and the name of the option,
 * or the id of the secret, that it is about.
 */
export type OwnWarning = readonly [
  code: WarningCode,
  text: string,
  name?: string,
];

/** A part of BuildKit's log. */
export interface StatusFact {
  /** Tells it from other facts. */
  readonly kind: "status";
  /** What it says. */
  readonly status: SolveStatus;
  /** The message that it came in; undefined if it came in none, or another was made of it by masking. */
  readonly message: JsonMessage | undefined;
  /** How much of the room for facts it takes: about the characters of its message. */
  readonly size: number;
}

/** Any other message of an engine: all that the classic builder says, and the image's id. */
export interface LineFact {
  /** Tells it from other facts. */
  readonly kind: "line";
  /** The message. */
  readonly message: JsonMessage;
  /** What it comes to. */
  readonly events: readonly BuildEvent[];
  /** As of a status. */
  readonly size: number;
}

/** Something that davit did. */
export interface OwnFact {
  /** Tells it from other facts. */
  readonly kind: "own";
  /** What it was. */
  readonly event: OwnEvent;
  /** As of a status. */
  readonly size: number;
}

/** A warning of davit's own. */
export interface WarningFact {
  /** Tells it from other facts. */
  readonly kind: "warning";
  /** The warning. */
  readonly event: WarningEvent & { readonly code: WarningCode };
  /** What it is about: an option, or the id of a secret. */
  readonly name: string | undefined;
  /** How many facts were lost, if it tells that. */
  readonly count: number | undefined;
  /** As of a status. */
  readonly size: number;
}

/**
 * One thing that was told of a build, with the secrets masked: what is kept for
 * its readers. {@linkcode EventReader} makes the events of it for those who read
 * `events()`, and `ways/engine_messages.ts` the message for those who read
 * `messages()`.
 */
export type Fact = StatusFact | LineFact | OwnFact | WarningFact;

/** A warning of davit's own as it is kept. */
export function warningFact(...[code, short, name]: OwnWarning): WarningFact {
  const event = {
    type: "warning",
    vertex: undefined,
    level: 1,
    short,
    detail: [],
    url: undefined,
    source: undefined,
    code,
  } as const;
  return { kind: "warning", event, name, count: undefined, size: OWN_SIZE };
}

/** Makes events of the facts of one build, in their order; one for each reader. */
export class EventReader {
  readonly #carry = new TextCarry();

  /** The events of a fact; none if it says nothing new. */
  read(fact: Fact): readonly BuildEvent[] {
    switch (fact.kind) {
      case "status":
        return eventsOf(fact.status, this.#carry);
      case "line":
        return fact.events;
      case "own":
      case "warning":
        return [fact.event];
    }
  }
}

/** Size of a fact of davit's own: a sentence, or some numbers. */
export const OWN_SIZE = 300;

/** Size of an engine's message. */
export function messageSize({ aux, stream }: JsonMessage): number {
  const length = typeof aux === "string" ? aux.length : 100;
  return 200 + length + (stream?.length ?? 0);
}

/** Size of a status without a message: about what its encoding would have in base64. */
export function statusSize(status: SolveStatus): number {
  let size = 200 + 250 * (status.vertexes.length + status.statuses.length);
  for (const { data } of status.logs) size += 130 + data.length * 4 / 3;
  for (const { info } of status.warnings) {
    size += 400 + (info?.data.length ?? 0) * 4 / 3;
  }
  return size;
}
