import type { JsonMessage } from "../engine/message.ts";
import { ClassicTranslator } from "../progress/classic.ts";
import type { LineReader } from "../progress/line_reader.ts";
import type { SolveStatus } from "../progress/solve_status.ts";
import { BuildState, SHOWN } from "../progress/state.ts";
import { storedImages } from "../progress/stored_images.ts";
import type { Secret } from "../secrets/secret.ts";
import type { Dockerfile } from "./context/offer.ts";
import type { TargetMounts } from "./target_mounts.ts";
import {
  type Fact,
  messageSize,
  OWN_SIZE,
  type OwnEvent,
  type OwnWarning,
  statusSize,
  warningFact,
} from "./fact.ts";
import type { CacheWatch } from "./cache_watch.ts";
import type { BuildMask } from "./mask.ts";

/**
 * The record of a build. Everything that is reported about the build comes here
 * once: it is masked, added to the build's state, and kept as a
 * {@linkcode Fact} for the readers. Each kind of report has a method of its
 * own, so that nothing that an engine sends can be taken for a report of
 * davit's own.
 *
 * The methods return no promise. Only the code that reads an engine's answer
 * waits, for {@linkcode BuildRecord.ready}, before it reads on.
 */
export class BuildRecord {
  /** The state of the build, as far as it was reported. */
  readonly state: BuildState = new BuildState(SHOWN);
  /**
   * The Dockerfile, if it was known before the build or seen while the context
   * was sent.
   */
  dockerfile: () => Dockerfile | undefined = () => undefined;
  /**
   * What the steps of the target mount, where the frontend was asked for it;
   * undefined where it is not known.
   */
  mounts: TargetMounts | undefined = undefined;
  /**
   * The names of all steps, as BuildKit has them: those of the state may say
   * besides on which node they run.
   */
  stepNames: () => readonly string[] = () => this.state.names();
  /** The ids of the images that the engine says it stores. */
  readonly storedImages: Set<string> = new Set();
  /** Which stages are built without the cache, or whether all are. */
  withoutCache: readonly string[] | true = [];
  /** When the engine told something last, by this program's `performance.now()`. */
  heardAt: number | undefined;
  /** When the build ended, by the same clock; undefined while it runs. */
  endedAt: number | undefined;
  /** Reports what becomes of caches; undefined where none is asked for. */
  caches: Pick<CacheWatch, keyof CacheWatch> | undefined;
  readonly #write: (fact: Fact) => Promise<void> | undefined;
  readonly #names: readonly string[];
  /**
   * Loaded when there is a first value to mask, because many builds have none.
   */
  #mask: BuildMask | undefined;
  /** Records of parts of the build, which mask the same values. */
  readonly #parts: BuildRecord[] = [];
  /** How the lines are read; undefined for those of the classic builder. */
  #reader: LineReader | undefined;
  #lines: LineReader["translator"] = new ClassicTranslator();
  #waiting: Promise<void> | undefined;

  /**
   * @param write Passes a fact to the readers; may return a promise that
   * resolves when they can take more.
   * @param names The image's names, which BuildKit does not report.
   */
  constructor(
    write: (fact: Fact) => Promise<void> | undefined,
    names: readonly string[],
  ) {
    this.#write = write;
    this.#names = names;
  }

  /**
   * Masks these values from now on, and in what was reported so far, except those
   * that are marked as visible. What a reader already has, or will read of what
   * was kept for it, stays as it was.
   */
  async protect(
    secrets: readonly (readonly [id: string, secret: Secret])[],
  ): Promise<void> {
    const hidden = secrets.filter(([, { visible }]) => !visible);
    if (hidden.length === 0) return;
    const { BuildMask } = await import("./mask.ts");
    this.#mask ??= this.#maskOf(new BuildMask());
    const { short, partial } = this.#mask.add(hidden);
    this.state.rewrite(this.#mask);
    for (const part of this.#parts) {
      part.#mask ??= new BuildMask();
      part.#mask.follow(this.#mask);
      part.state.rewrite(part.#mask);
    }
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

  /**
   * Lets the record of a part of the build mask the same values, those that are
   * added later included.
   */
  protectPart(part: BuildRecord): void {
    this.#parts.push(part);
    part.#mask = this.#mask?.beside();
  }

  /** Reads the lines of another builder than the classic one from now on. */
  readLines(reader: LineReader): void {
    this.#reader = reader;
    this.#lines = reader.translator;
    if (this.#mask !== undefined) this.#maskOf(this.#mask);
  }

  #maskOf(mask: BuildMask): BuildMask {
    if (this.#reader !== undefined) mask.words = this.#reader.words;
    return mask;
  }

  /** Reports something that davit did. */
  tell(given: OwnEvent): void {
    this.#tellRest();
    const event = this.#mask?.event(given) ?? given;
    this.state.apply(event);
    this.#keep({ kind: "own", event, size: OWN_SIZE });
  }

  /**
   * Reports a warning of davit's own.
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
   * Reports a part of BuildKit's log.
   *
   * @param message The message that it came in; undefined if it came in none.
   */
  tellStatus(given: SolveStatus, message?: JsonMessage): void {
    this.heardAt = performance.now();
    const status = this.#mask?.status(given) ?? given;
    // A status that was changed has no message. One is made later, and only if
    // somebody reads `messages()`.
    const own = status === given ? message : undefined;
    this.state.applyStatus(status);
    for (const id of storedImages(given)) this.storedImages.add(id);
    this.#keep({
      kind: "status",
      status,
      message: own,
      size: own === undefined ? statusSize(status) : messageSize(own),
    });
    this.caches?.read(status);
  }

  /**
   * Reports any other message of an engine: the classic builder's whole output,
   * and the image's id.
   */
  tellLine(message: JsonMessage): void {
    this.heardAt = performance.now();
    for (const line of this.#mask?.line(message) ?? [message]) {
      this.#keepLine(line);
    }
  }

  /**
   * Returns a promise while a reader is too far behind: wait for it before more
   * is read from the engine.
   */
  ready(): Promise<void> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  /**
   * Reports the output that was held back for masking. Call it when no more
   * messages come.
   */
  end(): void {
    this.#tellRest();
    const held = this.#mask?.held();
    // It is masked already; masking it again would hold it back again.
    if (held !== undefined) this.#keepStatus(held, undefined);
  }

  /**
   * Masks a text that is not reported to the record, such as an error's
   * message.
   */
  text(text: string): string {
    return this.#mask?.text(text) ?? text;
  }

  /**
   * Reports the part of the classic builder's output that was held back,
   * because it came before what is reported next.
   */
  #tellRest(): void {
    const rest = this.#mask?.rest();
    if (rest !== undefined) this.#keepLine(rest);
  }

  #keepStatus(status: SolveStatus, message: JsonMessage | undefined): void {
    this.state.applyStatus(status);
    this.#keep({
      kind: "status",
      status,
      message,
      size: message === undefined ? statusSize(status) : messageSize(message),
    });
  }

  #keepLine(message: JsonMessage): void {
    const events = this.#lines.translate(message).map((event) =>
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
