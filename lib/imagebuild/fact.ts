import type { JsonMessage } from "../engine/message.ts";
import type {
  BuildEvent,
  CacheEvent,
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

/** An event that davit itself reports, other than a warning. */
export type OwnEvent =
  | SecretEvent
  | LoginEvent
  | SshEvent
  | ExportEvent
  | ContextEvent
  | CacheEvent;

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
  /** Marks the kind of fact. */
  readonly kind: "status";
  /** The part of the log. */
  readonly status: SolveStatus;
  /**
   * The message that it came in; undefined if it came in none, or if masking
   * changed it.
   */
  readonly message: JsonMessage | undefined;
  /**
   * How much of the buffer for late readers it takes: about the number of
   * characters of its message.
   */
  readonly size: number;
}

/**
 * Any other message of an engine: the classic builder's whole output, and the
 * image's id.
 */
export interface LineFact {
  /** Marks the kind of fact. */
  readonly kind: "line";
  /** The message. */
  readonly message: JsonMessage;
  /** The events that the message stands for. */
  readonly events: readonly BuildEvent[];
  /** Its size, measured as for a status. */
  readonly size: number;
}

/** Something that davit did. */
export interface OwnFact {
  /** Marks the kind of fact. */
  readonly kind: "own";
  /** The event. */
  readonly event: OwnEvent;
  /** Its size, measured as for a status. */
  readonly size: number;
}

/** A warning of davit's own. */
export interface WarningFact {
  /** Marks the kind of fact. */
  readonly kind: "warning";
  /** The warning. */
  readonly event: WarningEvent & { readonly code: WarningCode };
  /** What it is about: an option, or the id of a secret. */
  readonly name: string | undefined;
  /** How many facts were lost, if the warning is about lost messages. */
  readonly count: number | undefined;
  /** Its size, measured as for a status. */
  readonly size: number;
}

/**
 * One thing that was reported during a build, with the secrets masked: the
 * record keeps facts for its readers. {@linkcode EventReader} turns them into
 * events for `events()`, and `ways/engine_messages.ts` into messages for
 * `messages()`.
 */
export type Fact = StatusFact | LineFact | OwnFact | WarningFact;

/** Makes the fact of a warning of davit's own. */
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

/**
 * Turns the facts of one build into events, in their order. Each reader needs
 * its own, because what was reported before decides what is new.
 */
export class EventReader {
  readonly #carry = new TextCarry();

  /** The events of a fact; none if the fact says nothing new. */
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

/**
 * The size of a fact of davit's own, in characters: a sentence, or a few
 * numbers.
 */
export const OWN_SIZE = 300;

/** Size of an engine's message. */
export function messageSize({ aux, stream }: JsonMessage): number {
  const length = typeof aux === "string" ? aux.length : 100;
  return 200 + length + (stream?.length ?? 0);
}

/**
 * Size of a status that came in no message: about the length of its encoding in
 * base64.
 */
export function statusSize(status: SolveStatus): number {
  let size = 200 + 250 * (status.vertexes.length + status.statuses.length);
  for (const { data } of status.logs) size += 130 + data.length * 4 / 3;
  for (const { info } of status.warnings) {
    size += 400 + (info?.data.length ?? 0) * 4 / 3;
  }
  return size;
}
