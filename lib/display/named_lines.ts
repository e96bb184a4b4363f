import type { BuildEvent } from "../progress/event.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import type { Display } from "./display.ts";

const NEWLINE = 10;
/** Longer lines are split, in bytes. */
const MAX_LINE_BYTES = 64 * 1024;

/** How a line is marked with its build's name. */
export interface LineMark {
  /** The text put before the line. */
  readonly text: string;
  /**
   * How many bytes at the start of the line are left out, because the text has
   * them already.
   */
  readonly skip: number;
}

/**
 * Wraps a text display: as soon as several builds share the output, each line
 * is marked with its build's name. From then on only whole lines are written; a
 * line without its end is kept back.
 */
export class NamedLines implements Display {
  readonly intervalMs: number;
  readonly #display: Display;
  readonly #mark: LineMark;
  readonly #isShared: () => boolean;
  readonly #open = new ByteBuffer();
  readonly #out = new ByteBuffer();

  /** @param isShared Whether several builds share the output by now. */
  constructor(display: Display, mark: LineMark, isShared: () => boolean) {
    this.#display = display;
    this.intervalMs = display.intervalMs;
    this.#mark = mark;
    this.#isShared = isShared;
  }

  update(events: readonly BuildEvent[], now: number): boolean {
    return this.#display.update(events, now);
  }

  render(now: number): Uint8Array {
    return this.#marked(this.#display.render(now));
  }

  end(now: number): Uint8Array {
    const bytes = this.#marked(this.#display.end(now));
    if (this.#open.length === 0) return bytes;
    this.#out.bytes(bytes);
    this.#line(this.#open.take());
    return this.#out.take();
  }

  #marked(bytes: Uint8Array): Uint8Array {
    if (!this.#isShared() || bytes.length === 0) return bytes;
    for (let from = 0; from < bytes.length;) {
      const end = bytes.indexOf(NEWLINE, from);
      this.#open.bytes(bytes, from, end < 0 ? bytes.length : end);
      if (end < 0 && this.#open.length < MAX_LINE_BYTES) break;
      this.#line(this.#open.take());
      if (end < 0) break;
      from = end + 1;
    }
    return this.#out.take();
  }

  #line(line: Uint8Array): void {
    const { text, skip } = this.#mark;
    this.#out.text(line.length === 0 ? text.trimEnd() : text);
    this.#out.bytes(line.subarray(skip));
    this.#out.newline();
  }
}
