import type { BuildEvent } from "../progress/event.ts";
import type { Display } from "./display.ts";

const NOTHING: Uint8Array = new Uint8Array();

/** Prints the image's id at the end, and nothing else. */
export class QuietDisplay implements Display {
  readonly intervalMs: number = Infinity;
  #id = "";

  update(events: readonly BuildEvent[]): boolean {
    for (const event of events) if (event.type === "image") this.#id = event.id;
    return false;
  }

  render(): Uint8Array {
    return NOTHING;
  }

  end(): Uint8Array {
    return this.#id === ""
      ? NOTHING
      : new TextEncoder().encode(`${this.#id}\n`);
  }
}
