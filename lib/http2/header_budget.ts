import { connectionError, ErrorCode, streamError } from "./error.ts";
import {
  Allowance,
  HEADER_LISTS,
  LONG_HEADER_LIST,
  MAX_HEADER_LIST_SIZE,
  MAX_OPEN_HEADER_LISTS,
} from "./limits.ts";

/**
 * What the long header lists of one connection may cost: the time to check
 * them as they come, and the memory that they take while their streams are open.
 */
export class HeaderBudget {
  readonly #received = new Allowance(HEADER_LISTS);
  /** Sizes of the long lists of open streams. */
  readonly #open = new Map<number, number>();
  #held = 0;

  /**
   * Counts a list that was received.
   *
   * @throws {Http2Error} ENHANCE_YOUR_CALM, an error of the connection.
   */
  receive(size: number): void {
    if (size <= LONG_HEADER_LIST) return;
    // What is past the limit is not kept and not checked.
    if (!this.#received.take(Math.min(size, MAX_HEADER_LIST_SIZE))) {
      throw connectionError(
        ErrorCode.ENHANCE_YOUR_CALM,
        "Too many long header lists",
      );
    }
  }

  /**
   * Counts the list of a stream that opens.
   *
   * @throws {Http2Error} REFUSED_STREAM if too much is held already.
   */
  hold(streamId: number, size: number): void {
    if (size <= LONG_HEADER_LIST) return;
    if (this.#held + size > MAX_OPEN_HEADER_LISTS) {
      throw streamError(
        ErrorCode.REFUSED_STREAM,
        "Too many streams with long headers",
        streamId,
      );
    }
    this.#open.set(streamId, size);
    this.#held += size;
  }

  /** The stream is over. */
  release(streamId: number): void {
    const size = this.#open.get(streamId);
    if (size === undefined) return;
    this.#open.delete(streamId);
    this.#held -= size;
  }
}
