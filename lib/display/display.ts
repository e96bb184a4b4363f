import type { BuildEvent } from "../progress/event.ts";

/** How events are shown; without any notion of streams and clocks. */
export interface Display {
  /** How long {@linkcode Display.render} may be put off after an update, in milliseconds. */
  readonly intervalMs: number;
  /** Whether it paints into a terminal; else it gives text. */
  readonly isFrame?: boolean;
  /**
   * Takes events in.
   *
   * @returns Whether so much has piled up that it should be rendered now.
   */
  update(events: readonly BuildEvent[], now: number): boolean;
  /** What is to be written now; may be empty. */
  render(now: number): Uint8Array;
  /** What is to be written at the end, whatever the end was. */
  end(now: number): Uint8Array;
}
