import type { TtyScreen } from "./tty_screen.ts";

const NEWLINE = 10;

/** The outputs that displays write to now. */
const outputs = new WeakMap<WritableStream<Uint8Array>, SharedOutput>();

/** An output for any number of displays at a time. */
export class SharedOutput {
  /** What is painted there, if something is; made by the first who paints. */
  screen: TtyScreen | undefined;
  readonly #stream: WritableStream<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #names = new Set<string>();
  #displays = 0;
  #isShared = false;
  #isLineOpen = false;

  /**
   * The output for one more display, which has to {@linkcode leave} it.
   *
   * @throws {TypeError} If something else writes to it.
   */
  static join(stream: WritableStream<Uint8Array>): SharedOutput {
    let output = outputs.get(stream);
    if (output === undefined) {
      output = new SharedOutput(stream);
      outputs.set(stream, output);
    }
    output.#join();
    return output;
  }

  private constructor(stream: WritableStream<Uint8Array>) {
    this.#stream = stream;
    this.#writer = stream.getWriter();
  }

  /** Whether several displays write, or wrote, to it. */
  get isShared(): boolean {
    return this.#isShared;
  }

  /** Whether it takes more just now. */
  get isFull(): boolean {
    return (this.#writer.desiredSize ?? 1) <= 0;
  }

  /** A name that none of its displays has: the one that is wanted, or that with a number. */
  name(wanted: string): string {
    let name = wanted;
    for (let number = 2; this.#names.has(name); number++) {
      name = `${wanted} (${number})`;
    }
    this.#names.add(name);
    return name;
  }

  /**
   * Writes what a display gives.
   *
   * @param isFrame Whether it is painted; a text goes above what is.
   */
  async write(bytes: Uint8Array, isFrame: boolean): Promise<void> {
    if (bytes.length === 0) return;
    if (!isFrame) this.#isLineOpen = bytes.at(-1) !== NEWLINE;
    await this.#writer.write(
      isFrame ? bytes : this.screen?.above(bytes) ?? bytes,
    );
  }

  /** Writes no more; the last one gives the stream back. */
  leave(): void {
    if (--this.#displays > 0) return;
    outputs.delete(this.#stream);
    this.#writer.releaseLock();
  }

  #join(): void {
    this.#displays++;
    if (this.#displays === 1) return;
    this.#isShared = true;
    if (!this.#isLineOpen) return;
    this.#isLineOpen = false;
    // What fails here fails for the next who writes, too.
    this.#writer.write(Uint8Array.of(NEWLINE)).catch(() => {});
  }
}
