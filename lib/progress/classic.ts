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

/**
 * The classic builder puts these around a step's output to stderr: red, and
 * reset.
 */
const STDERR_START = "\x1b[91m";
const STDERR_END = "\x1b[0m";
/** The last states of a layer. */
const DONE_REGEXP = /^(Pull complete|Already exists|Download complete)$/;

const encoder = new TextEncoder();

/** The fields of an engine's message that the classic builder uses. */
export interface ClassicMessage {
  /** The layer or tag that a message about a pull belongs to. */
  readonly id?: string;
  /** Text that the builder, or the program of a step, has printed. */
  readonly stream?: string;
  /** The state of a pull, or of one of its layers. */
  readonly status?: string;
  /** How many bytes of a layer were pulled. */
  readonly progressDetail?: {
    readonly current?: number;
    readonly total?: number;
  };
  /** The error message, if the build failed. */
  readonly error?: string;
  /** The same error in a structure; `message` is the text. */
  readonly errorDetail?: { readonly message?: string };
  /** `{ ID }` with the image's id. */
  readonly aux?: unknown;
}

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
export class ClassicTranslator {
  readonly #now: () => number;
  readonly #started = new Map<string, number>();
  readonly #names: string[] = [];
  #step: VertexEvent | undefined;
  /**
   * Whether a step's container runs: until it ends, all text is output of its
   * program.
   */
  #running = false;
  #imageId = "";

  /** @param options The clock, if it is not {@linkcode Date.now}. */
  constructor(options: ClassicReadingOptions = {}) {
    this.#now = options.now ?? Date.now;
  }

  /**
   * Translates one message; the result is empty if the message says nothing
   * new.
   */
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
    // A status without an id is about the whole pull, such as its digest.
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
