import type {
  ContextEvent,
  ExportEvent,
  LoginEvent,
  SecretEvent,
  SshEvent,
} from "../progress/event.ts";
import { BuildState } from "../progress/state.ts";
import type { WarningCode } from "../progress/warning_code.ts";
import type { Secret } from "../secrets/secret.ts";
import { decodeMessage } from "./decode_message.ts";
import type { BuildMask } from "./mask.ts";
import { type BuildMessage, warning } from "./message.ts";
import { EventTranslator } from "./translate.ts";

/** Takes a message to the readers; a promise asks to be waited for. */
export type Publish = (message: BuildMessage) => Promise<void> | undefined;

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

/** A Dockerfile as it was sent. */
export interface Dockerfile {
  /** Path in the context. */
  readonly name: string;
  /** Its text. */
  readonly text: string;
}

/**
 * Everything that is said of a build goes through here once: it is masked,
 * decoded, remembered as the build's state, and handed to the readers.
 */
export class BuildRecord {
  /** What is known of the build so far. */
  readonly state: BuildState = new BuildState();
  /** The Dockerfile, if it was seen on its way to the engine. */
  dockerfile: () => Dockerfile | undefined = () => undefined;
  readonly #write: Publish;
  /** Loaded with the first value to mask: many builds have none. */
  #mask: BuildMask | undefined;
  readonly #translator: EventTranslator;
  #waiting: Promise<void> | undefined;

  /** @param names The image's names. */
  constructor(write: Publish, names: readonly string[]) {
    this.#write = write;
    this.#translator = new EventTranslator(names);
  }

  /** Masks these values in all that is said from now on, but those that may be seen. */
  async protect(
    secrets: readonly (readonly [id: string, secret: Secret])[],
  ): Promise<void> {
    const hidden = secrets.filter(([, { visible }]) => !visible);
    if (hidden.length === 0) return;
    const { BuildMask } = await import("./mask.ts");
    this.#mask ??= new BuildMask();
    const { short, partial } = this.#mask.add(hidden);
    for (const id of short) {
      this.warn(
        "secret-short",
        `secret "${id}" is not masked in the log: it has fewer than 4 bytes, and would mask everything`,
        id,
      );
    }
    for (const id of partial) {
      this.warn(
        "secret-short",
        `secret "${id}" has lines of 4 to 7 letters or digits, which are not masked in the log where they stand alone: they would mask ordinary words`,
        id,
      );
    }
  }

  /** Tells what happened: a fact of davit's own. */
  tell(event: OwnEvent): void {
    this.publish(ownMessage(event));
  }

  /**
   * Warns of something.
   *
   * @param name Name of the option, or id of the secret, that it is about.
   */
  warn(...[code, text, name]: OwnWarning): void {
    this.publish(warning(code, text, name));
  }

  /** Takes in an engine's message; see `ways/engine_messages.ts`. */
  publish(message: BuildMessage): void {
    this.#hand(this.#mask?.messages(message) ?? [decodeMessage(message)]);
  }

  /**
   * Where a reader lags too far behind, a promise to be waited for before the
   * engine's next message is read.
   */
  ready(): Promise<void> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  /** Hands on what was held back: nothing is told any more. */
  end(): void {
    this.#hand(this.#mask?.end() ?? []);
  }

  /** Masks a text that does not come as a message. */
  text(text: string): string {
    return this.#mask?.text(text) ?? text;
  }

  #hand(messages: Iterable<BuildMessage>): void {
    for (const message of messages) {
      for (const event of this.#translator.translate(message)) {
        this.state.apply(event);
      }
      this.#waiting = this.#write(message) ?? this.#waiting;
    }
  }
}

function ownMessage({ type, ...aux }: OwnEvent): BuildMessage {
  // What is not known has no field.
  const known = Object.entries(aux).filter(([, value]) => value !== undefined);
  return {
    id: `davit.${type}`,
    aux: Object.fromEntries(known),
  } as BuildMessage;
}
