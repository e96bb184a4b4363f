import { connectionError, ErrorCode } from "./error.ts";
import type { Stream } from "./stream.ts";

/** How many streams are remembered after their end. */
const REMEMBERED = 2048;

/**
 * Knows which streams are idle, open or closed (RFC 9113 section 5.1).
 *
 * If this side ends a stream before the peer has ended it, frames of the peer
 * may still be on their way: they are expected, and ignored. Any other frame on
 * a closed stream is an error; only the most recent closed streams are
 * remembered for this.
 */
export class StreamTable {
  readonly #maxOfPeer: number;
  readonly #open = new Map<number, Stream>();
  /** Closed streams, oldest first, and whether frames for them are expected. */
  readonly #closed = new Map<number, boolean>();
  #last = 0;
  #lastOfPeer = 0;

  /** @param maxOfPeer The largest number of a stream that the peer may open. */
  constructor(maxOfPeer: number) {
    this.#maxOfPeer = maxOfPeer;
  }

  /** How many streams are open. */
  get size(): number {
    return this.#open.size;
  }

  /** The last stream that the peer opened; 0 if none. */
  get lastOfPeer(): number {
    return this.#lastOfPeer;
  }

  /** The open stream with this number; undefined if it is not open. */
  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  /** A copy of the list of open streams. */
  open(): Stream[] {
    return [...this.#open.values()];
  }

  /** Adds an open stream. */
  add(stream: Stream): void {
    this.#last = Math.max(this.#last, stream.id);
    this.#open.set(stream.id, stream);
  }

  /**
   * Marks a stream as closed, also one that was never opened; `expectFrames` if
   * the peer may still send frames for it.
   */
  close(id: number, expectFrames: boolean): void {
    this.#open.delete(id);
    this.#closed.set(id, expectFrames);
    if (this.#closed.size <= REMEMBERED) return;
    for (const oldest of this.#closed.keys()) {
      this.#closed.delete(oldest);
      return;
    }
  }

  /** Whether frames for a closed stream are expected, and so are no error. */
  expects(id: number): boolean {
    return this.#closed.get(id) ?? false;
  }

  /**
   * Handles HEADERS for a stream that is not open: returns `true` if they open
   * it, `false` if they are to be ignored.
   *
   * @throws {Http2Error} STREAM_CLOSED, or PROTOCOL_ERROR if the number was
   * skipped before, or the peer may not open this stream.
   */
  begin(id: number): boolean {
    if (id > this.#last) {
      if (id > this.#maxOfPeer) {
        throw connectionError(
          ErrorCode.PROTOCOL_ERROR,
          "HEADERS on a stream that is not the peer's to begin",
        );
      }
      this.#last = id;
      this.#lastOfPeer = id;
      return true;
    }
    if (this.expects(id)) return false;
    throw this.#closed.has(id)
      ? connectionError(ErrorCode.STREAM_CLOSED, "HEADERS on a closed stream")
      : connectionError(
        ErrorCode.PROTOCOL_ERROR,
        "HEADERS on a stream below the last one",
      );
  }

  /**
   * Refuses frames other than HEADERS and PRIORITY on an idle stream.
   *
   * @throws {Http2Error} PROTOCOL_ERROR if the stream is idle, or its number is
   * even: nobody opens such streams.
   */
  checkNotIdle(id: number): void {
    if (id > this.#last || id % 2 === 0) {
      throw connectionError(
        ErrorCode.PROTOCOL_ERROR,
        "Frame on an idle stream",
      );
    }
  }
}
