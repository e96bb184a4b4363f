import { createRedactorInSlices, type Redactor } from "../redact/redactor.ts";

/** Values of more bytes in sum are compiled one build after the other. */
const LARGE_BYTES = 4096;

/** The order in which large groups are compiled. */
export class CompileLane {
  #last: Promise<void> = Promise.resolve();

  /** Does it when all before are done. */
  async run(work: () => Promise<void>): Promise<void> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {}); // who waits for it hears it
    await mine;
  }
}

/**
 * Values that one build brought together, compiled once and by themselves. Each
 * build's answer is masked with several of them together, which costs nothing
 * more to make.
 */
export class ValueGroup {
  /** Each value by what tells it from others. */
  readonly values: ReadonlyMap<string, Uint8Array>;
  /** Running builds that have all of its values. */
  owners = 0;
  /** When the last of them ended. */
  ended = 0;
  readonly #up = new AbortController();
  #redactor: Redactor | undefined;
  #compiling: Promise<void> | undefined;

  /** @param values Each by what tells it from others. */
  constructor(values: ReadonlyMap<string, Uint8Array>) {
    this.values = values;
  }

  /** Bytes of all its values: it is in memory as a whole. */
  get byteLength(): number {
    return this.values.values().reduce((sum, { length }) => sum + length, 0);
  }

  /** Undefined until it is compiled. */
  get redactor(): Redactor | undefined {
    return this.#redactor;
  }

  /**
   * Compiles it, if it is not.
   *
   * @throws If it was given up.
   */
  compile(lane: CompileLane): Promise<void> {
    return this.#compiling ??= this.#compile(lane);
  }

  /** Nobody waits for it any more: it is not compiled, or no further. */
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
