/** Numbers that look random and are the same in every run (mulberry32). */
export class Random {
  #state: number;

  /** @param seed Which sequence. */
  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 up to, but not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  /** One of the given values. */
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** So many bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    // `Uint8Array.from` took ten times as long: most of what the fuzz tests took.
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.below(256);
    return bytes;
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ this.#state >>> 15, 1 | this.#state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  }
}
