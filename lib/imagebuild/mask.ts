import type { JsonMessage } from "../engine/message.ts";
import {
  BUILD_MESSAGE_FIELDS,
  OWN_EVENT_FIELDS,
  TRACE_FIELDS,
} from "../masks/answer_fields.ts";
import { maskFields, type TextMask } from "../masks/mask_fields.ts";
import type { WarningEvent } from "../progress/event.ts";
import { ClassicLines } from "../progress/classic_lines.ts";
import type { OwnWords } from "../progress/line_reader.ts";
import type { SolveStatus, VertexLog } from "../progress/solve_status.ts";
import {
  createRedactor,
  type Redactor,
  type Scanner,
} from "../redact/redactor.ts";
import type { Secret } from "../secrets/secret.ts";
import { concatBytes } from "../streams/bytes.ts";
import type { OwnEvent } from "./fact.ts";

const encoder = new TextEncoder();

/**
 * Masks the secrets of one build in everything that the engine says, before any
 * reader gets it. Only fields that hold text are masked;
 * `masks/answer_fields.ts` lists them.
 *
 * The output of each step is masked as two texts, stdout and stderr, because a
 * secret may arrive in several parts. An end that may be the beginning of a
 * secret is held back until the next part comes, or until the step ends.
 */
export class BuildMask {
  readonly #values: Uint8Array[] = [];
  #redactor: Redactor = createRedactor([]);
  /**
   * The mask of the values that are also found across several parts of a step's
   * output.
   */
  #sliced: Redactor = this.#redactor;
  /**
   * The scanners by step and stream; `classic` is the one for the classic
   * builder, whose output is a single text.
   */
  readonly #scanners = new Map<string, Scanner>();
  #classic = new TextDecoder();
  /** Tells the own words of a builder that is not BuildKit. */
  words: OwnWords = new ClassicLines();
  readonly #fields: TextMask = {
    text: (text) => this.#redactor.text(text),
    bytes: (bytes) => this.#redactor.bytes(bytes),
    output: (slice, owner) => {
      const { vertex, stream } = owner as VertexLog;
      return this.#push(`${vertex}/${stream}`, slice);
    },
  };

  /**
   * Adds values to mask from now on.
   *
   * @returns Ids of secrets that are too short to be masked, and ids of secrets
   * of which only some lines are masked.
   */
  add(
    secrets: readonly (readonly [id: string, secret: Secret])[],
  ): { readonly short: string[]; readonly partial: string[] } {
    const first = this.#values.length;
    for (const [, secret] of secrets) this.#values.push(secret.reveal());
    this.use(createRedactor(this.#values));
    const idsOf = (indexes: readonly number[]) =>
      indexes
        // An empty value needs no mask and no warning.
        .filter((index) => index >= first && this.#values[index]!.length > 0)
        .map((index) => secrets[index - first]![0]);
    const { skipped, partial } = this.#redactor;
    return { short: idsOf(skipped), partial: idsOf(partial) };
  }

  /**
   * Uses this redactor from now on instead of one made from the added values; a
   * redactor may be shared by many answers.
   *
   * @param sliced The redactor of those values that are also found across
   * several parts of a step's output. For them, an end that may be the
   * beginning of a value is held back; a step could find out a value by
   * printing guesses and looking at what is held back. The other values are
   * masked where one part holds them whole. The default is the first redactor.
   */
  use(redactor: Redactor, sliced: Redactor = redactor): void {
    this.#redactor = redactor;
    if (sliced === this.#sliced) return;
    this.#sliced = sliced;
    for (const [key, old] of this.#scanners) {
      const scanner = sliced.scanner();
      const given = scanner.push(old.flush());
      this.#scanners.set(key, scanner);
      this.#carried.set(key, joined(this.#takeCarried(key), given));
    }
  }

  /**
   * Output of scanners that were replaced by newer ones, which is not passed on
   * yet.
   */
  readonly #carried = new Map<string, Uint8Array>();

  /** A mask of the same values, for another log. */
  beside(): BuildMask {
    const mask = new BuildMask();
    mask.follow(this);
    return mask;
  }

  /** Masks from now on what another mask does. */
  follow(other: BuildMask): void {
    this.use(other.#redactor, other.#sliced);
  }

  /** Masks a whole text. */
  text(text: string): string {
    return this.#redactor.text(text);
  }

  /** Masks a sentence, except for the digests in it. */
  sentence(text: string): string {
    return maskFields(text, "sentence", this.#fields)!;
  }

  /** Masks bytes that are a whole text. */
  bytes(bytes: Uint8Array): Uint8Array {
    return this.#redactor.bytes(bytes);
  }

  /**
   * Masks a part of BuildKit's log. The end of a step's output may be held back
   * until a later part; when the step ends, everything that was held back is
   * passed on.
   *
   * @returns The same object where nothing was masked or held back.
   */
  status(status: SolveStatus): SolveStatus {
    if (this.#redactor.empty) return status;
    return this.#flushCompleted(
      maskFields(status, TRACE_FIELDS, this.#fields)!,
    );
  }

  /**
   * Masks any other message. One message may become two, and the end of the
   * classic builder's output may be held back until a later message.
   */
  *line(message: JsonMessage): Generator<JsonMessage> {
    const { stream } = message;
    if (typeof stream === "string") {
      // Called also while there is nothing to mask, because it keeps track of
      // the containers of the steps.
      const own = this.words.ownLength(stream);
      if (this.#redactor.empty) yield message;
      else yield* this.#stream(message, stream, own);
    } else if (this.#redactor.empty) {
      yield message;
    } else {
      const rest = this.rest();
      if (rest !== undefined) yield rest;
      const masked = maskFields(message, BUILD_MESSAGE_FIELDS, this.#fields);
      if (masked !== undefined) yield masked;
    }
  }

  /** Masks an event or warning of davit's own. */
  event<Event extends OwnEvent | WarningEvent>(event: Event): Event {
    return maskFields(event, OWN_EVENT_FIELDS, this.#fields)!;
  }

  /** The part of the classic builder's output that was held back so far. */
  rest(): JsonMessage | undefined {
    const scanner = this.#scanners.get("classic");
    if (scanner === undefined) return undefined;
    const bytes = this.#given("classic", scanner.flush());
    const stream = this.#classic.decode(bytes, { stream: true });
    return stream === "" ? undefined : { stream };
  }

  /**
   * The part of the output of BuildKit's steps that was held back, when no more
   * messages come.
   */
  held(): SolveStatus | undefined {
    const logs: VertexLog[] = [];
    for (const key of this.#scanners.keys()) {
      if (key !== "classic") this.#flush(key, undefined, logs);
    }
    if (logs.length === 0) return undefined;
    return { vertexes: [], statuses: [], logs, warnings: [] };
  }

  #push(key: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
    let scanner = this.#scanners.get(key);
    if (scanner === undefined) {
      scanner = this.#sliced.scanner();
      this.#scanners.set(key, scanner);
    }
    return this.#given(key, scanner.push(data));
  }

  /** The output of a scanner, after that of the scanner that it replaced. */
  #given(key: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
    const given = joined(this.#takeCarried(key), data);
    return this.#sliced === this.#redactor
      ? given
      : this.#redactor.bytes(given) as Uint8Array<ArrayBuffer>;
  }

  #takeCarried(key: string): Uint8Array | undefined {
    const carried = this.#carried.get(key);
    this.#carried.delete(key);
    return carried;
  }

  /** Passes on what was held back of the steps that have ended. */
  #flushCompleted(status: SolveStatus): SolveStatus {
    const logs: VertexLog[] = [];
    for (const vertex of status.vertexes) {
      if (vertex.completed === undefined) continue;
      for (const stream of [1, 2]) {
        this.#flush(`${vertex.digest}/${stream}`, vertex.completed, logs);
      }
    }
    const held = status.logs.some((log) => log.data.length === 0);
    if (logs.length === 0 && !held) return status;
    return {
      ...status,
      logs: [...status.logs.filter((log) => log.data.length > 0), ...logs],
    };
  }

  #flush(
    key: string,
    timestamp: VertexLog["timestamp"],
    into: VertexLog[],
  ): void {
    const scanner = this.#scanners.get(key);
    if (scanner === undefined) return;
    const data = this.#given(key, scanner.flush());
    if (data.length === 0) return;
    const cut = key.lastIndexOf("/");
    into.push({
      vertex: key.slice(0, cut),
      timestamp,
      stream: Number(key.slice(cut + 1)),
      data,
    });
  }

  /**
   * @param own How many characters at the start are the builder's own words, in
   * which no secret can be.
   */
  *#stream(
    message: JsonMessage,
    text: string,
    own: number,
  ): Generator<JsonMessage> {
    // What was held back came before the builder's own words.
    const rest = own > 0 ? this.rest() : undefined;
    if (rest !== undefined) yield rest;
    const bytes = this.#push("classic", encoder.encode(text.slice(own)));
    const masked = maskFields(
      { ...message, stream: "" },
      BUILD_MESSAGE_FIELDS,
      this.#fields,
    )!;
    yield {
      ...masked,
      stream: text.slice(0, own) +
        this.#classic.decode(bytes, { stream: true }),
    };
  }
}

function joined(
  a: Uint8Array | undefined,
  b: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return a === undefined || a.length === 0
    ? b as Uint8Array<ArrayBuffer> // bytes of an answer or a scanner are never shared
    : concatBytes(a, b);
}
