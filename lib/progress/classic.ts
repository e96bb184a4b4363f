import {
  BUILT_REGEXP,
  CACHE_REGEXP,
  IMAGE_REGEXP,
  REMOVED_REGEXP,
  RUNNING_REGEXP,
  STEP_REGEXP,
  TAGGED_REGEXP,
  WARNING_REGEXP,
} from "./classic_lines.ts";
import type { BuildEvent } from "./event.ts";
import {
  errorOf,
  imageIdIn,
  type LineMessage,
  type LineTranslator,
} from "./line_reader.ts";
import { LineSteps } from "./line_steps.ts";

/**
 * The classic builder puts these around a step's output to stderr: red, and
 * reset.
 */
const STDERR_START = "\x1b[91m";
const STDERR_END = "\x1b[0m";
/** The last states of a layer. */
const DONE_REGEXP = /^(Pull complete|Already exists|Download complete)$/;

/** Options of a {@linkcode ClassicTranslator}. */
export interface ClassicReadingOptions {
  /**
   * The clock, in milliseconds: the classic builder sends no times.
   * @default {Date.now}
   */
  readonly now?: () => number;
}

/**
 * Translates the messages of the classic builder into the events that a
 * BuildKit build has. Steps get made-up digests (`step:1` and so on) and names
 * in BuildKit's form (`[1/3] FROM alpine`).
 */
export class ClassicTranslator implements LineTranslator {
  readonly #steps: LineSteps;
  readonly #started = new Map<string, number>();
  /**
   * Whether a step's container runs: until it ends, all text is output of its
   * program.
   */
  #running = false;

  /** @param options The clock, if it is not {@linkcode Date.now}. */
  constructor(options: ClassicReadingOptions = {}) {
    this.#steps = new LineSteps(options.now ?? Date.now);
  }

  /**
   * Translates one message; the result is empty if the message says nothing
   * new.
   */
  translate(message: LineMessage): BuildEvent[] {
    const error = errorOf(message);
    if (error !== undefined) return this.#steps.fail(error);
    if (typeof message.stream === "string") return this.#text(message.stream);
    if (typeof message.status === "string") return this.#status(message);
    const id = imageIdIn(message);
    if (id === undefined) return [];
    this.#running = false;
    return this.#steps.image(id);
  }

  #text(text: string): BuildEvent[] {
    if (this.#running) {
      // All other text is the program's, even if it looks like a line of the
      // builder.
      if (REMOVED_REGEXP.test(text)) {
        this.#running = false;
        return [];
      }
      if (!IMAGE_REGEXP.test(text)) return this.#log(text);
    }
    const step = STEP_REGEXP.exec(text);
    if (step !== null) return this.#start(step[1]!, step[2]!, step[3]!);
    if (RUNNING_REGEXP.test(text)) {
      this.#running = true;
      return [];
    }
    if (CACHE_REGEXP.test(text)) return this.#steps.cache();
    if (IMAGE_REGEXP.test(text)) {
      this.#running = false;
      return this.#steps.complete();
    }
    const tagged = TAGGED_REGEXP.exec(text);
    if (tagged !== null) return this.#steps.tag(tagged[1]!);
    const warning = WARNING_REGEXP.exec(text);
    if (warning !== null) return this.#steps.warn(warning[1]!);
    if (
      text.trim() === "" || REMOVED_REGEXP.test(text) || BUILT_REGEXP.test(text)
    ) return [];
    return this.#log(text);
  }

  #start(number: string, total: string, instruction: string): BuildEvent[] {
    this.#running = false;
    return this.#steps.start(
      number,
      `[${number.padStart(total.length)}/${total}] ${instruction.trimEnd()}`,
    );
  }

  #log(text: string): BuildEvent[] {
    return text.startsWith(STDERR_START)
      ? this.#steps.log(unmarked(text), "stderr")
      : this.#steps.log(text);
  }

  #status(message: LineMessage): BuildEvent[] {
    const { id, status = "", progressDetail } = message;
    // A status without an id is about the whole pull, such as its digest.
    if (id === undefined) return this.#log(`${status}\n`);
    return this.#steps.status((time) => {
      const started = this.#started.get(id) ?? time;
      this.#started.set(id, started);
      return {
        id: status.startsWith("Pulling from") ? `${status}:${id}` : id,
        name: status,
        current: progressDetail?.current ?? 0,
        total: progressDetail?.total || undefined,
        started,
        completed: DONE_REGEXP.test(status) || status.startsWith("Pulling from")
          ? time
          : undefined,
      };
    });
  }
}

function unmarked(text: string): string {
  const end = text.endsWith(STDERR_END) ? -STDERR_END.length : undefined;
  return text.slice(STDERR_START.length, end);
}
