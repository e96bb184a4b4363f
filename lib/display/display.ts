import type { BuildEvent } from "../progress/event.ts";

/**
 * Turns events into the bytes to be written; knows nothing of streams and
 * clocks.
 */
export interface Display {
  /** How long {@linkcode Display.render} may be put off after an update, in milliseconds. */
  readonly intervalMs: number;
  /**
   * Whether it repaints lines of a terminal; otherwise its output is text that
   * only grows.
   */
  readonly isFrame?: boolean;
  /**
   * Takes events in.
   *
   * @returns Whether so much output has piled up that it should be rendered
   * now.
   */
  update(events: readonly BuildEvent[], now: number): boolean;
  /** The bytes to write now; may be empty. */
  render(now: number): Uint8Array;
  /** The last bytes to write, whether the build succeeded or failed. */
  end(now: number): Uint8Array;
}
