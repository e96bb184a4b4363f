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
import type { BuildEvent, StatusEvent, VertexEvent } from "./event.ts";

/** How the classic builder marks what a step prints to stderr: red, and back. */
const STDERR_START = "\x1b[91m";
const STDERR_END = "\x1b[0m";
/** States of a layer after which nothing comes. */
const DONE_REGEXP = /^(Pull complete|Already exists|Download complete)$/;

const encoder = new TextEncoder();

/** The part of an engine's message that the classic builder uses. */
export interface ClassicMessage {
  /** What a pull's message is about. */
  readonly id?: string;
  /** Text of the builder, or of a step. */
  readonly stream?: string;
  /** A state of a pull. */
  readonly status?: string;
  /** Its progress. */
  readonly progressDetail?: {
    readonly current?: number;
    readonly total?: number;
  };
  /** The sentence of a failure. */
  readonly error?: string;
  /** The same in parts. */
  readonly errorDetail?: { readonly message?: string };
  /** `{ ID }` of the image. */
  readonly aux?: unknown;
}

/** What a {@linkcode ClassicTranslator} should know. */
export interface ClassicReadingOptions {
  /**
   * The clock: the classic builder tells no times.
   * @default {Date.now}
   */
  readonly now?: () => number;
}

/**
 * Makes the events of BuildKit from the messages of the classic builder.
 * Steps get digests of their own, `step:1` and so on, and names in the manner
 * of BuildKit, `[1/3] FROM alpine`.
 */
export class ClassicTranslator {
  readonly #now: () => number;
  readonly #started = new Map<string, number>();
  readonly #names: string[] = [];
  #step: VertexEvent | undefined;
  /** Between the start and the end of a container all text is the program's. */
  #running = false;
  #imageId = "";

  /** Sets the clock. */
  constructor(options: ClassicReadingOptions = {}) {
    this.#now = options.now ?? Date.now;
  }

  /** The events of a message; none if it says nothing new. */
  translate(message: ClassicMessage): BuildEvent[] {
    if (message.errorDetail !== undefined || message.error !== undefined) {
      return this.#fail(message.errorDetail?.message || message.error || "");
    }
    if (typeof message.stream === "string") return this.#text(message.stream);
    if (typeof message.status === "string") return this.#status(message);
    const id = (message.aux as { ID?: unknown } | null | undefined)?.ID;
    return typeof id === "string" ? this.#image(id) : [];
  }

  #text(text: string): BuildEvent[] {
    if (this.#running) {
      // All else is the program's, even if it looks like the builder's.
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
    if (CACHE_REGEXP.test(text)) return this.#change({ cached: true });
    if (IMAGE_REGEXP.test(text)) return this.#complete();
    const tagged = TAGGED_REGEXP.exec(text);
    if (tagged !== null) return this.#tag(tagged[1]!);
    const warning = WARNING_REGEXP.exec(text);
    if (warning !== null) return this.#warn(warning[1]!);
    if (
      text.trim() === "" || REMOVED_REGEXP.test(text) || BUILT_REGEXP.test(text)
    ) return [];
    return this.#log(text);
  }

  #start(number: string, total: string, instruction: string): BuildEvent[] {
    const ended = this.#complete();
    const before = this.#step;
    this.#step = {
      type: "vertex",
      digest: `step:${number}`,
      name: `[${
        number.padStart(total.length)
      }/${total}] ${instruction.trimEnd()}`,
      inputs: before === undefined ? [] : [before.digest],
      cached: false,
      started: this.#now(),
      completed: undefined,
      error: undefined,
      group: undefined,
    };
    return [...ended, this.#step];
  }

  #change(fields: Partial<VertexEvent>): BuildEvent[] {
    if (this.#step === undefined) return [];
    this.#step = { ...this.#step, ...fields };
    return [this.#step];
  }

  #complete(): BuildEvent[] {
    this.#running = false;
    if (this.#step === undefined || this.#step.completed !== undefined) {
      return [];
    }
    return this.#change({ completed: this.#now() });
  }

  #fail(error: string): BuildEvent[] {
    if (this.#step === undefined || this.#step.completed !== undefined) {
      return [];
    }
    return this.#change({ completed: this.#now(), error });
  }

  #log(text: string): BuildEvent[] {
    if (this.#step === undefined) return [];
    const isStderr = text.startsWith(STDERR_START);
    const plain = isStderr ? unmarked(text) : text;
    return [{
      type: "log",
      vertex: this.#step.digest,
      stream: isStderr ? "stderr" : "stdout",
      bytes: encoder.encode(plain),
      text: plain,
      time: this.#now(),
    }];
  }

  #status(message: ClassicMessage): BuildEvent[] {
    const { id, status = "", progressDetail } = message;
    if (this.#step === undefined) return [];
    // Words about the whole pull, such as its digest.
    if (id === undefined) return this.#log(`${status}\n`);
    const time = this.#now();
    const started = this.#started.get(id) ?? time;
    this.#started.set(id, started);
    const event: StatusEvent = {
      type: "status",
      vertex: this.#step.digest,
      id: status.startsWith("Pulling from") ? `${status}:${id}` : id,
      name: status,
      current: progressDetail?.current ?? 0,
      total: progressDetail?.total || undefined,
      time,
      started,
      completed: DONE_REGEXP.test(status) || status.startsWith("Pulling from")
        ? time
        : undefined,
    };
    return [event];
  }

  #image(id: string): BuildEvent[] {
    this.#imageId = id;
    return [...this.#complete(), this.#imageEvent()];
  }

  #tag(name: string): BuildEvent[] {
    this.#names.push(name);
    return this.#imageId === "" ? [] : [this.#imageEvent()];
  }

  #imageEvent(): BuildEvent {
    return {
      type: "image",
      id: this.#imageId,
      digest: undefined,
      names: [...this.#names],
    };
  }

  #warn(short: string): BuildEvent[] {
    return [{
      type: "warning",
      vertex: this.#step?.digest,
      level: 1,
      short,
      detail: [],
      url: undefined,
      source: undefined,
      code: undefined,
    }];
  }
}

function unmarked(text: string): string {
  const end = text.endsWith(STDERR_END) ? -STDERR_END.length : undefined;
  return text.slice(STDERR_START.length, end);
}
