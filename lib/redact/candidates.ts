/**
 * Blocks whose head was found and whose end has not come yet.
 *
 * @module
 */

/**
 * A queue of candidates of one block size, oldest first.
 *
 * At most one begins at each position and each ends `size` bytes later, so a
 * ring of `size` places (a power of two) is enough.
 */
export class CandidateQueue {
  /** Bytes of a block. */
  readonly size: number;
  /** Offset at which the oldest candidate ends; `Infinity` if there is none. */
  deadline: number = Infinity;

  #ends: Float64Array;
  #heads: Int32Array;
  #a: Int32Array;
  #b: Int32Array;
  #first = 0;
  #count = 0;

  /**
   * Makes an empty queue.
   *
   * @param size Bytes of a block: a power of two.
   */
  constructor(size: number) {
    this.size = size;
    this.#ends = new Float64Array(size);
    this.#heads = new Int32Array(size);
    this.#a = new Int32Array(size);
    this.#b = new Int32Array(size);
  }

  /** Adds a candidate that ends at `end`, with the fingerprints after its head. */
  push(end: number, head: number, a: number, b: number): void {
    const at = (this.#first + this.#count++) & (this.size - 1);
    this.#ends[at] = end;
    this.#heads[at] = head;
    this.#a[at] = a;
    this.#b[at] = b;
    if (this.#count === 1) this.deadline = end;
  }

  /** State of the oldest candidate's head. */
  get head(): number {
    return this.#heads[this.#first]!;
  }

  /** First fingerprint after the head of the oldest candidate. */
  get a(): number {
    return this.#a[this.#first]!;
  }

  /** Second fingerprint after the head of the oldest candidate. */
  get b(): number {
    return this.#b[this.#first]!;
  }

  /** Drops the oldest candidate. */
  shift(): void {
    this.#first = (this.#first + 1) & (this.size - 1);
    this.deadline = --this.#count === 0 ? Infinity : this.#ends[this.#first]!;
  }

  /** Drops all. */
  clear(): void {
    this.#count = 0;
    this.deadline = Infinity;
  }
}
