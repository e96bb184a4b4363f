import type { TtyScreen } from "./tty_screen.ts";

const NEWLINE = 10;

/** The outputs that displays write to at the moment. */
const outputs = new WeakMap<WritableStream<Uint8Array>, SharedOutput>();

/** An output that any number of displays can write to at the same time. */
export class SharedOutput {
  /**
   * The repainted lines, if a display repaints; made by the first such display.
   */
  screen: TtyScreen | undefined;
  readonly #stream: WritableStream<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #names = new Set<string>();
  #displays = 0;
  #isShared = false;
  #isLineOpen = false;

  /**
   * Gets the output for one more display, which has to {@linkcode leave} it.
   *
   * @throws {TypeError} If something else holds the stream's writer.
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

  /**
   * Whether several displays have used the output since the first one joined.
   */
  get isShared(): boolean {
    return this.#isShared;
  }

  /** Whether the stream can take no more at the moment. */
  get isFull(): boolean {
    return (this.#writer.desiredSize ?? 1) <= 0;
  }

  /**
   * A name that no other display here has: the wanted one, with a number added
   * if it is taken.
   */
  name(wanted: string): string {
    let name = wanted;
    for (let number = 2; this.#names.has(name); number++) {
      name = `${wanted} (${number})`;
    }
    this.#names.add(name);
    return name;
  }

  /**
   * Writes the bytes that a display rendered.
   *
   * @param isFrame Whether they are a frame of repainted lines; other text is
   * put above the frame.
   */
  async write(bytes: Uint8Array, isFrame: boolean): Promise<void> {
    if (bytes.length === 0) return;
    if (!isFrame) this.#isLineOpen = bytes.at(-1) !== NEWLINE;
    await this.#writer.write(
      isFrame ? bytes : this.screen?.above(bytes) ?? bytes,
    );
  }

  /** Ends the use by one display; the last one releases the stream's writer. */
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
    // An error is not lost: the next write fails with it, too.
    this.#writer.write(Uint8Array.of(NEWLINE)).catch(() => {});
  }
}
