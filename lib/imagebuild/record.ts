import type { JsonMessage } from "../engine/message.ts";
import { ClassicTranslator } from "../progress/classic.ts";
import type { SolveStatus } from "../progress/solve_status.ts";
import { BuildState, SHOWN } from "../progress/state.ts";
import type { Secret } from "../secrets/secret.ts";
import {
  type Fact,
  messageSize,
  OWN_SIZE,
  type OwnEvent,
  type OwnWarning,
  statusSize,
  warningFact,
} from "./fact.ts";
import type { BuildMask } from "./mask.ts";

/** A Dockerfile as it was sent. */
export interface Dockerfile {
  /** Path in the context. */
  readonly name: string;
  /** Its text. */
  readonly text: string;
}

/**
 * Everything that is told of a build goes through here once: it is masked, then
 * remembered as the build's state, and kept as a {@linkcode Fact} for the readers.
 * There is a method for each kind of thing that is told, so that nothing which an
 * engine sends can be taken for davit's own.
 *
 * Telling is never awaited: it gives no promise. Whoever reads an engine's answer
 * waits for {@linkcode BuildRecord.ready} before reading on, and nobody else does.
 */
export class BuildRecord {
  /** What is known of the build so far. */
  readonly state: BuildState = new BuildState(SHOWN);
  /** The Dockerfile, if it was seen on its way to the engine. */
  dockerfile: () => Dockerfile | undefined = () => undefined;
  readonly #write: (fact: Fact) => Promise<void> | undefined;
  readonly #names: readonly string[];
  /** Loaded with the first value to mask: many builds have none. */
  #mask: BuildMask | undefined;
  readonly #classic = new ClassicTranslator();
  #waiting: Promise<void> | undefined;

  /**
   * @param write Takes a fact to the readers; a promise asks to be waited for.
   * @param names The image's names, which BuildKit leaves out.
   */
  constructor(
    write: (fact: Fact) => Promise<void> | undefined,
    names: readonly string[],
  ) {
    this.#write = write;
    this.#names = names;
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

  /** Tells what davit did. */
  tell(given: OwnEvent): void {
    this.#tellRest();
    const event = this.#mask?.event(given) ?? given;
    this.state.apply(event);
    this.#keep({ kind: "own", event, size: OWN_SIZE });
  }

  /**
   * Warns of something.
   *
   * @param name Name of the option, or id of the secret, that it is about.
   */
  warn(...[code, text, name]: OwnWarning): void {
    this.#tellRest();
    const given = warningFact(code, text, name);
    const event = this.#mask?.event(given.event) ?? given.event;
    this.state.apply(event);
    this.#keep({ ...given, event });
  }

  /**
   * Tells a part of BuildKit's log.
   *
   * @param message What it came in, if it came in one.
   */
  tellStatus(given: SolveStatus, message?: JsonMessage): void {
    const status = this.#mask?.status(given) ?? given;
    // Nothing is encoded for a reader that never comes.
    const own = status === given ? message : undefined;
    this.state.applyStatus(status);
    this.#keep({
      kind: "status",
      status,
      message: own,
      size: own === undefined ? statusSize(status) : messageSize(own),
    });
  }

  /** Tells any other message of an engine: all that the classic builder says, and the image. */
  tellLine(message: JsonMessage): void {
    for (const line of this.#mask?.line(message) ?? [message]) {
      this.#keepLine(line);
    }
  }

  /**
   * Where a reader lags too far behind, a promise to be waited for before the
   * engine is read further.
   */
  ready(): Promise<void> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  /** Tells what was held back: nothing comes any more. */
  end(): void {
    this.#tellRest();
    const held = this.#mask?.held();
    if (held !== undefined) this.tellStatus(held);
  }

  /** Masks a text that is told in another way. */
  text(text: string): string {
    return this.#mask?.text(text) ?? text;
  }

  /** The end of the classic builder's text, held back so far: it stood before what comes now. */
  #tellRest(): void {
    const rest = this.#mask?.rest();
    if (rest !== undefined) this.#keepLine(rest);
  }

  #keepLine(message: JsonMessage): void {
    const events = this.#classic.translate(message).map((event) =>
      event.type === "image" && event.names.length === 0
        ? { ...event, names: this.#names }
        : event
    );
    for (const event of events) this.state.apply(event);
    const size = messageSize(message);
    this.#keep({ kind: "line", message, events, size });
  }

  #keep(fact: Fact): void {
    this.#waiting = this.#write(fact) ?? this.#waiting;
  }
}
