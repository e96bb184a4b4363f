import { createRedactorInSlices, type Redactor } from "../redact/redactor.ts";

/**
 * Groups with more bytes of values than this are compiled one after the other.
 */
const LARGE_BYTES = 4096;

/** Puts the compiling of large groups in order. */
export class CompileLane {
  #last: Promise<void> = Promise.resolve();

  /** Runs the work when all earlier work is done. */
  async run(work: () => Promise<void>): Promise<void> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {}); // who waits for it hears it
    await mine;
  }
}

/**
 * Values that came with one build and are compiled once, together. The answer
 * of a build is masked with several groups; to combine compiled groups costs
 * nothing.
 */
export class ValueGroup {
  /** The values, each by a key that identifies it. */
  readonly values: ReadonlyMap<string, Uint8Array>;
  /** The running builds that have all of these values. */
  owners = 0;
  /** When the last of these builds ended. */
  ended = 0;
  readonly #up = new AbortController();
  #redactor: Redactor | undefined;
  #compiling: Promise<void> | undefined;

  /** @param values The values, each by a key that identifies it. */
  constructor(values: ReadonlyMap<string, Uint8Array>) {
    this.values = values;
  }

  /**
   * Bytes of all its values together: the group is kept or dropped as a whole.
   */
  get byteLength(): number {
    return this.values.values().reduce((sum, { length }) => sum + length, 0);
  }

  /** The compiled redactor; undefined until it is ready. */
  get redactor(): Redactor | undefined {
    return this.#redactor;
  }

  /**
   * Compiles the values, unless that was done or is under way.
   *
   * @throws If it was given up.
   */
  compile(lane: CompileLane): Promise<void> {
    return this.#compiling ??= this.#compile(lane);
  }

  /**
   * Gives up: no build waits for this group, so it is not compiled, or not
   * further.
   */
  giveUp(): void {
    this.#up.abort();
  }

  async #compile(lane: CompileLane): Promise<void> {
    const { signal } = this.#up;
    const work = async () => {
      signal.throwIfAborted();
      this.#redactor = await createRedactorInSlices(
        [...this.values.values()],
        signal,
      );
    };
    if (this.byteLength <= LARGE_BYTES) await work();
    else await lane.run(work);
  }
}
