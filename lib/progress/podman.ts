import type { BuildEvent } from "./event.ts";
import {
  errorOf,
  imageIdIn,
  type LineMessage,
  type LineTranslator,
} from "./line_reader.ts";
import { LineSteps } from "./line_steps.ts";
import {
  CACHE_REGEXP,
  COMMIT_REGEXP,
  IMAGE_REGEXP,
  LOG_REGEXP,
  STEP_REGEXP,
  TAGGED_REGEXP,
  WARNING_REGEXP,
} from "./podman_lines.ts";
import { readFrom } from "./stages.ts";

/** How an error begins that is about the step which runs. */
const STEP_ERROR_REGEXP = /^building at STEP "/;

/** Options of a {@linkcode PodmanTranslator}. */
export interface PodmanReadingOptions {
  /**
   * The clock, in milliseconds: podman sends no times.
   * @default {Date.now}
   */
  readonly now?: () => number;
}

/** The place of a step, as podman counts. */
interface Place {
  /** The stage's number from 1; 1 where there is one stage alone. */
  readonly stage: number;
  /** How many stages there are. */
  readonly stages: number;
  /** Its number among all instructions of its stage, from 1. */
  readonly number: number;
  /** How many instructions the stage has. */
  readonly total: number;
}

/**
 * Translates the messages of podman's builder into the events that a BuildKit
 * build has. Steps get made-up digests (`step:2.1` and so on) and names in
 * BuildKit's form (`[stage-1 2/3] RUN make`).
 *
 * Podman does not mark where the output of a step's program begins and ends. A
 * line of it that looks like the begin of a step is taken for one only if it is
 * the very next.
 */
export class PodmanTranslator implements LineTranslator {
  readonly #steps: LineSteps;
  #place: Place | undefined;
  #stage = "";
  /** Whether all steps are done, and the image is written. */
  #isCommitting = false;
  #hasImage = false;

  /** @param options The clock, if it is not {@linkcode Date.now}. */
  constructor(options: PodmanReadingOptions = {}) {
    this.#steps = new LineSteps(options.now ?? Date.now);
  }

  /**
   * Translates one message; the result is empty if the message says nothing
   * new.
   */
  translate(message: LineMessage): BuildEvent[] {
    const error = errorOf(message);
    if (error !== undefined) {
      return this.#isCommitting && !STEP_ERROR_REGEXP.test(error)
        ? []
        : this.#steps.fail(error.trimEnd());
    }
    if (typeof message.stream === "string") return this.#text(message.stream);
    const id = imageIdIn(message);
    if (id === undefined) return [];
    this.#hasImage = true;
    return this.#steps.image(id);
  }

  #text(text: string): BuildEvent[] {
    const step = this.#next(text);
    if (step !== undefined) return this.#start(...step);
    if (this.#place === undefined) return this.#warnOf(text);
    if (this.#isCommitting) return this.#end(text);
    if (COMMIT_REGEXP.test(text)) {
      this.#isCommitting = true;
      return this.#steps.complete();
    }
    if (CACHE_REGEXP.test(text)) return this.#steps.cache();
    // Such a line does not end the step: its program may have printed it.
    return IMAGE_REGEXP.test(text) ? [] : this.#steps.log(text);
  }

  /** What podman logs before the first step is a warning. */
  #warnOf(text: string): BuildEvent[] {
    const quoted = LOG_REGEXP.exec(text)?.[1];
    return quoted === undefined ? [] : this.#steps.warn(unquoted(quoted));
  }

  /** What comes when no step runs any more. */
  #end(text: string): BuildEvent[] {
    const warning = WARNING_REGEXP.exec(text);
    if (warning !== null) return this.#steps.warn(warning[1]!);
    // Podman says the names twice: as it stores them, and as they were given.
    const tagged = this.#hasImage ? TAGGED_REGEXP.exec(text) : null;
    return tagged === null ? [] : this.#steps.tag(tagged[1]!);
  }

  /** The step that a text begins, if it is one and may come now. */
  #next(text: string): [Place, instruction: string] | undefined {
    const match = STEP_REGEXP.exec(text);
    if (match === null) return undefined;
    const place: Place = {
      stage: Number(match[1] ?? 1),
      stages: Number(match[2] ?? 1),
      number: Number(match[3]),
      total: Number(match[4]),
    };
    return follows(this.#place, place) ? [place, match[5]!] : undefined;
  }

  #start(place: Place, instruction: string): BuildEvent[] {
    const { stage, stages, number, total } = place;
    this.#place = place;
    this.#isCommitting = false;
    const text = instruction.trimEnd();
    if (number === 1) this.#stage = readFrom(text).name ?? `stage-${stage - 1}`;
    const label = stages > 1 ? `${this.#stage} ` : "";
    const shown = String(number).padStart(String(total).length);
    return this.#steps.start(
      `${stage}.${number}`,
      `[${label}${shown}/${total}] ${text}`,
    );
  }
}

/** The text in Go's quotes; escapes that JSON does not have stay. */
function unquoted(text: string): string {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(1, -1); // its words are what counts
  }
}

/** Whether a step may come after another one. */
function follows(last: Place | undefined, next: Place): boolean {
  if (last === undefined) return next.number === 1;
  if (next.stages !== last.stages) return false;
  return next.stage === last.stage
    ? next.total === last.total && next.number === last.number + 1
    // Stages that the target does not need are left out.
    : next.stage > last.stage && next.number === 1 &&
      last.number === last.total;
}
