import { connectionError, ErrorCode } from "./error.ts";
import type { Stream } from "./stream.ts";

/** How many streams are remembered after their end. */
const REMEMBERED = 2048;

/**
 * Which streams are idle, open or closed (RFC 9113 section 5.1).
 *
 * A peer that had not ended its side when we ended ours may have frames on
 * the way: those are expected, and ignored. Any other frame on a closed
 * stream is an error, as far back as streams are remembered.
 */
export class StreamTable {
  readonly #maxOfPeer: number;
  readonly #open = new Map<number, Stream>();
  /** Closed streams, oldest first, and whether frames are expected. */
  readonly #closed = new Map<number, boolean>();
  #last = 0;
  #lastOfPeer = 0;

  /** All are idle; the peer may begin streams up to `maxOfPeer`. */
  constructor(maxOfPeer: number) {
    this.#maxOfPeer = maxOfPeer;
  }

  /** Streams that are open now. */
  get size(): number {
    return this.#open.size;
  }

  /** The last stream that the peer began; 0 if none. */
  get lastOfPeer(): number {
    return this.#lastOfPeer;
  }

  /** The open stream of that number, if it is open. */
  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  /** All open streams, as they are now. */
  open(): Stream[] {
    return [...this.#open.values()];
  }

  /** Adds an open stream. */
  add(stream: Stream): void {
    this.#last = Math.max(this.#last, stream.id);
    this.#open.set(stream.id, stream);
  }

  /** A stream is closed, or never came to be; `expectFrames` if the peer may not know it yet. */
  close(id: number, expectFrames: boolean): void {
    this.#open.delete(id);
    this.#closed.set(id, expectFrames);
    if (this.#closed.size <= REMEMBERED) return;
    for (const oldest of this.#closed.keys()) {
      this.#closed.delete(oldest);
      return;
    }
  }

  /** Whether frames for a closed stream may still come without fault. */
  expects(id: number): boolean {
    return this.#closed.get(id) ?? false;
  }

  /**
   * Takes the number of a stream that is not open and gets HEADERS: `true` if
   * it begins with them, `false` if they are to be ignored.
   *
   * @throws {Http2Error} STREAM_CLOSED, or PROTOCOL_ERROR if it was left out or
   * is not the peer's to begin.
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
   * An idle stream takes nothing but HEADERS and PRIORITY.
   *
   * @throws {Http2Error} PROTOCOL_ERROR if it is idle, or even: nobody begins those.
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
