import type { JsonMessage } from "../engine/message.ts";
import {
  BUILD_MESSAGE_FIELDS,
  OWN_EVENT_FIELDS,
  TRACE_FIELDS,
} from "../masks/answer_fields.ts";
import { maskFields, type TextMask } from "../masks/mask_fields.ts";
import type { WarningEvent } from "../progress/event.ts";
import { ClassicLines } from "../progress/classic_lines.ts";
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
 * Masks the secrets of one build in all that the engine says, before anybody
 * sees it: in its text, as `masks/answer_fields.ts` has it, and nowhere else.
 *
 * Each step's stdout and stderr is a text of its own, whatever slices it comes
 * in; what may be the beginning of a secret is held back until the next slice,
 * or the end of the step.
 */
export class BuildMask {
  readonly #values: Uint8Array[] = [];
  #redactor: Redactor = createRedactor([]);
  /** Of the values that may come in several slices of what a step prints. */
  #sliced: Redactor = this.#redactor;
  /** By step and stream; `classic` is the one text of the classic builder. */
  readonly #scanners = new Map<string, Scanner>();
  #classic = new TextDecoder();
  readonly #lines = new ClassicLines();
  readonly #fields: TextMask = {
    text: (text) => this.#redactor.text(text),
    bytes: (bytes) => this.#redactor.bytes(bytes),
    output: (slice, owner) => {
      const { vertex, stream } = owner as VertexLog;
      return this.#push(`${vertex}/${stream}`, slice);
    },
  };

  /**
   * Values to mask from now on.
   *
   * @returns Ids of those that are too short to be masked, and of those with
   * lines that are.
   */
  add(
    secrets: readonly (readonly [id: string, secret: Secret])[],
  ): { readonly short: string[]; readonly partial: string[] } {
    const first = this.#values.length;
    for (const [, secret] of secrets) this.#values.push(secret.reveal());
    this.use(createRedactor(this.#values));
    const idsOf = (indexes: readonly number[]) =>
      indexes
        // Of an empty value there is nothing to mask.
        .filter((index) => index >= first && this.#values[index]!.length > 0)
        .map((index) => secrets[index - first]![0]);
    const { skipped, partial } = this.#redactor;
    return { short: idsOf(skipped), partial: idsOf(partial) };
  }

  /**
   * Masks with this redactor from now on, in the place of the values that were
   * added: for one that many answers share.
   *
   * @param sliced Of those among its values for whose sake a slice of what a step
   * prints is held back when it may be the beginning of one, which whoever prints
   * it can see. The others are masked where a slice has them whole. All unless
   * given.
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

  /** What a scanner gave out when it was replaced by a newer one. */
  readonly #carried = new Map<string, Uint8Array>();

  /** Masks a whole text. */
  text(text: string): string {
    return this.#redactor.text(text);
  }

  /** Masks bytes that are whole by themselves. */
  bytes(bytes: Uint8Array): Uint8Array {
    return this.#redactor.bytes(bytes);
  }

  /**
   * Masks a part of BuildKit's log. What a step prints may be held back for a
   * later one; of a step that has ended nothing is any more.
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
   * Masks any other message; some become two, and the end of the classic
   * builder's text may be held back for a later one.
   */
  *line(message: JsonMessage): Generator<JsonMessage> {
    const { stream } = message;
    // Also where nothing is masked yet: it follows the containers.
    const own = typeof stream === "string" ? this.#lines.ownLength(stream) : 0;
    if (this.#redactor.empty) {
      yield message;
    } else if (typeof stream === "string") {
      yield* this.#stream(message, stream, own);
    } else {
      const rest = this.rest();
      if (rest !== undefined) yield rest;
      const masked = maskFields(message, BUILD_MESSAGE_FIELDS, this.#fields);
      if (masked !== undefined) yield masked;
    }
  }

  /** Masks a fact of davit's own. */
  event<Event extends OwnEvent | WarningEvent>(event: Event): Event {
    return maskFields(event, OWN_EVENT_FIELDS, this.#fields)!;
  }

  /** The end of the classic builder's text, as it was held back so far. */
  rest(): JsonMessage | undefined {
    const scanner = this.#scanners.get("classic");
    if (scanner === undefined) return undefined;
    const bytes = this.#given("classic", scanner.flush());
    const stream = this.#classic.decode(bytes, { stream: true });
    return stream === "" ? undefined : { stream };
  }

  /** What was held back of what steps of BuildKit print, at the end of all. */
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

  /** What a scanner gives, and gave when it was replaced. */
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

  /** Gives out what was held back of the steps that have ended. */
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

  /** @param own How much of the text is the builder's own, and no free text. */
  *#stream(
    message: JsonMessage,
    text: string,
    own: number,
  ): Generator<JsonMessage> {
    // What was held back stood before it.
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
    ? b as Uint8Array<ArrayBuffer> // of an answer, or made by the scanner
    : concatBytes(a, b);
}
