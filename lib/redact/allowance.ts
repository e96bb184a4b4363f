/**
 * Limits the work that a text may cost.
 *
 * @module
 */

/** Work for each byte of a text, in steps. */
const STEPS_A_BYTE = 1;
/**
 * How many steps may be saved up, for texts that need more work in some places.
 */
const MAX_STEPS = 500_000;

/**
 * An allowance of steps that grows with the text. A text that is made to be
 * slow is not followed to its end, so that it can't hold up the output of
 * others.
 */
export class StepAllowance {
  #limit = MAX_STEPS;

  /** Starts anew, where so many steps were done. */
  reset(steps: number): void {
    this.#limit = steps + MAX_STEPS;
  }

  /** Adds the allowance for more bytes. */
  grow(steps: number, bytes: number): void {
    const more = this.#limit + STEPS_A_BYTE * bytes;
    this.#limit = Math.min(more, steps + MAX_STEPS);
  }

  /** Whether more steps were done than are allowed. */
  isSpent(steps: number): boolean {
    return steps > this.#limit;
  }
}
