import type { BuildEvent, StatusEvent, VertexEvent } from "./event.ts";

const encoder = new TextEncoder();

/** How the made-up digests of steps begin. */
const DIGEST_LEAD = "step:";

/**
 * Whether a step is one of a builder that tells what it does line by line. Such
 * a builder counts all instructions, BuildKit only those that make a layer.
 */
export function isLineStep(digest: string): boolean {
  return digest.startsWith(DIGEST_LEAD);
}

/**
 * The steps of a builder that tells what it does as lines of text, one step
 * after the other: makes the events that a BuildKit build has. The builder
 * sends no digests and no times, so they are made here.
 */
export class LineSteps {
  readonly #now: () => number;
  readonly #names: string[] = [];
  #step: VertexEvent | undefined;
  #imageId = "";

  /** @param now The clock, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * A step begins, and the one before it has ended.
   *
   * @param id Distinguishes it from the build's other steps.
   */
  start(id: string, name: string): BuildEvent[] {
    const ended = this.complete();
    const before = this.#step;
    this.#step = {
      type: "vertex",
      digest: `${DIGEST_LEAD}${id}`,
      name,
      inputs: before === undefined ? [] : [before.digest],
      cached: false,
      started: this.#now(),
      completed: undefined,
      error: undefined,
      group: undefined,
    };
    return [...ended, this.#step];
  }

  /** The step's result comes from the cache. */
  cache(): BuildEvent[] {
    return this.#change({ cached: true });
  }

  /** The step has ended. */
  complete(): BuildEvent[] {
    return this.#runs ? this.#change({ completed: this.#now() }) : [];
  }

  /** The step has failed, unless it had ended before. */
  fail(error: string): BuildEvent[] {
    return this.#runs ? this.#change({ completed: this.#now(), error }) : [];
  }

  /** The step's program, or the builder about the step, has printed a text. */
  log(text: string, stream: "stdout" | "stderr" = "stdout"): BuildEvent[] {
    if (this.#step === undefined) return [];
    return [{
      type: "log",
      vertex: this.#step.digest,
      stream,
      bytes: encoder.encode(text),
      text,
      time: this.#now(),
    }];
  }

  /** An action within the step; its time is now. */
  status(
    make: (time: number) => Omit<StatusEvent, "type" | "vertex" | "time">,
  ): BuildEvent[] {
    if (this.#step === undefined) return [];
    const time = this.#now();
    const { digest: vertex } = this.#step;
    return [{ type: "status", vertex, time, ...make(time) }];
  }

  /** The image was made. */
  image(id: string): BuildEvent[] {
    this.#imageId = id;
    return [...this.complete(), this.#imageEvent()];
  }

  /** The image gets a name, now or once it is made. */
  tag(name: string): BuildEvent[] {
    this.#names.push(name);
    return this.#imageId === "" ? [] : [this.#imageEvent()];
  }

  /** The builder warns of something. */
  warn(short: string): BuildEvent[] {
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

  /** Whether a step runs. */
  get #runs(): boolean {
    return this.#step !== undefined && this.#step.completed === undefined;
  }

  #change(fields: Partial<VertexEvent>): BuildEvent[] {
    if (this.#step === undefined) return [];
    this.#step = { ...this.#step, ...fields };
    return [this.#step];
  }

  #imageEvent(): BuildEvent {
    return {
      type: "image",
      id: this.#imageId,
      digest: undefined,
      names: [...this.#names],
    };
  }
}
