/** How many streams are remembered after their end. */
const REMEMBERED = 2048;

/**
 * The streams that ended last.
 *
 * A peer that had not ended its side when we ended ours may have frames on
 * the way: those are ignored. Any other frame on a closed stream is an error
 * (RFC 9113 section 5.1).
 */
export class ClosedStreams {
  /** Stream id, and whether frames on the way are fine. Oldest first. */
  readonly #streams = new Map<number, boolean>();

  /** Remembers a stream that ended; `expectFrames` if the peer may not know it yet. */
  add(id: number, expectFrames: boolean): void {
    this.#streams.set(id, expectFrames);
    if (this.#streams.size <= REMEMBERED) return;
    for (const oldest of this.#streams.keys()) {
      this.#streams.delete(oldest);
      return;
    }
  }

  /** Whether `id` was open once, as far as is remembered. */
  has(id: number): boolean {
    return this.#streams.has(id);
  }

  /** Whether frames for `id` may still come without fault. */
  expects(id: number): boolean {
    return this.#streams.get(id) ?? false;
  }
}
