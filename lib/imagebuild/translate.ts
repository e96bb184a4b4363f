import { ClassicTranslator } from "../progress/classic.ts";
import {
  type BuildEvent,
  type ContextEvent,
  eventsOf,
  TextCarry,
} from "../progress/event.ts";
import type {
  BuildMessage,
  ContextMessage,
  WarningMessage,
} from "./message.ts";

/** Makes events of the messages of one build, in their order; one for each reader. */
export class EventTranslator {
  readonly #names: readonly string[];
  readonly #carry = new TextCarry();
  readonly #classic = new ClassicTranslator();

  /** @param names The image's names, which BuildKit's messages leave out. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** The events of a message; none if it says nothing new. */
  translate(message: BuildMessage): BuildEvent[] {
    switch (message.id) {
      case "moby.buildkit.trace":
        return eventsOf(message.trace, this.#carry);
      case "davit.warning":
        return [warningEvent(message)];
      case "davit.secret":
        return [{ type: "secret", ...message.aux }];
      case "davit.login":
        return [{ type: "login", ...message.aux }];
      case "davit.ssh":
        return [{ type: "ssh", ...message.aux }];
      case "davit.export": {
        const { aux } = message;
        return [{ type: "export", ...aux, dest: aux.dest }];
      }
      case "davit.context":
        return [contextEvent(message)];
    }
    return this.#classic.translate(message).map((event) =>
      event.type === "image" && event.names.length === 0
        ? { ...event, names: this.#names }
        : event
    );
  }
}

function contextEvent({ aux }: ContextMessage): ContextEvent {
  return { type: "context", ...aux, files: aux.files };
}

function warningEvent({ status, aux }: WarningMessage): BuildEvent {
  return {
    type: "warning",
    vertex: undefined,
    level: 1,
    short: status,
    detail: [],
    url: undefined,
    source: undefined,
    code: aux.code,
  };
}
