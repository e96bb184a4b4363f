/**
 * The limits for a peer. The engine is trusted to build, but it may have bugs:
 * every number here limits memory or work that the other side can cause.
 *
 * @module
 */

import { connectionError, ErrorCode, streamError } from "./error.ts";

/** A rate with a burst: so many at once, and so many more each second. */
export interface Rate {
  /** How many may come at once. */
  readonly burst: number;
  /** How many more may come each second. */
  readonly perSecond: number;
}

/**
 * How many streams a client may have open at once; further ones are refused.
 */
export const MAX_CONCURRENT_STREAMS = 1000;

/** How many bytes of one body may wait unread. */
export const STREAM_WINDOW: number = 1024 * 1024;

/** How many bytes of all bodies together may wait unread. */
export const CONNECTION_WINDOW: number = 16 * 1024 * 1024;

/**
 * The size of both windows when a connection begins (RFC 9113 section 6.9.2),
 * in bytes; also the least that can be configured.
 */
export const INITIAL_WINDOW = 65_535;

/** The largest size of a window (RFC 9113 section 6.9.1), in bytes. */
export const LARGEST_WINDOW = 0x7fffffff;

/**
 * The longest header list: its bytes, and 32 for each field; a stream with more
 * is reset.
 *
 * When the engine asks for a folder, it sends each line of the ignore file, and
 * each path of a COPY, as a field of its own. The number is grpc-go's default
 * (`defaultServerMaxHeaderListSize`); docker's client allows 1 MiB.
 */
export const MAX_HEADER_LIST_SIZE: number = 16 * 1024 * 1024;

/** Header lists up to this size are not counted as long ones. */
export const LONG_HEADER_LIST: number = 64 * 1024;

/**
 * The total size of the long header lists of all open streams; a stream that
 * would exceed it is refused.
 */
export const MAX_OPEN_HEADER_LISTS: number = 4 * MAX_HEADER_LIST_SIZE;

/**
 * The sizes of long header lists that may come. A field in the peer's table
 * costs the peer only one byte to send, but this side has to check its whole
 * length.
 */
const HEADER_LISTS: Rate = {
  burst: MAX_OPEN_HEADER_LISTS,
  perSecond: MAX_HEADER_LIST_SIZE,
};

/**
 * How many bytes of answers (without DATA) may wait for a peer that does not
 * read; more end the connection.
 */
export const MAX_ANSWER_BACKLOG: number = 1024 * 1024;

/**
 * How many frames may come that have no effect (PING, SETTINGS, empty DATA, …).
 */
const IDLE_FRAMES: Rate = { burst: 10_000, perSecond: 20_000 };

/**
 * A WINDOW_UPDATE of fewer bytes counts as a frame without effect: real peers
 * do not send many such small updates.
 */
export const SMALL_INCREMENT = 1024;

/**
 * How many streams a client may reset, by RST_STREAM or by its own mistakes.
 */
export const RESETS: Rate = { burst: 2_000, perSecond: 200 };

/**
 * How long a peer may take to read the last frames and to hang up, in
 * milliseconds.
 */
export const LINGER_MS = 1_000;

/**
 * A budget that is refilled over time; the clock is only read when it is used
 * up.
 */
export class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #since: number = performance.now();

  /** @param limits The rate; the budget is full at the start. */
  constructor(limits: Rate) {
    this.#burst = limits.burst;
    this.#perSecond = limits.perSecond;
    this.#left = limits.burst;
  }

  /** Takes `count` from the budget; `false` if not enough is left. */
  take(count: number): boolean {
    if (this.#left < count) {
      const now = performance.now();
      const refill = (now - this.#since) / 1000 * this.#perSecond;
      this.#left = Math.min(this.#burst, this.#left + refill);
      this.#since = now;
      if (this.#left < count) return false;
    }
    this.#left -= count;
    return true;
  }
}

/**
 * The budget for the long header lists of one connection: the work to check
 * them, and the memory for those of open streams.
 */
export class HeaderBudget {
  readonly #received = new Allowance(HEADER_LISTS);
  /** The sizes of the long lists of open streams, by stream. */
  readonly #open = new Map<number, number>();
  #held = 0;

  /**
   * Counts a list that was received.
   *
   * @throws {Http2Error} ENHANCE_YOUR_CALM, an error of the connection.
   */
  receive(size: number): void {
    if (size <= LONG_HEADER_LIST) return;
    // The part past the limit is neither kept nor checked.
    if (!this.#received.take(Math.min(size, MAX_HEADER_LIST_SIZE))) {
      throw connectionError(
        ErrorCode.ENHANCE_YOUR_CALM,
        "Too many long header lists",
      );
    }
  }

  /**
   * Counts the list of a stream that is opened.
   *
   * @throws {Http2Error} REFUSED_STREAM if the open streams would hold too
   * much.
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

  /** Frees the budget of a stream that has ended. */
  release(streamId: number): void {
    const size = this.#open.get(streamId);
    if (size === undefined) return;
    this.#open.delete(streamId);
    this.#held -= size;
  }
}

/** Limits the frames and resets by which a peer causes work without any use. */
export class Patience {
  readonly #idleFrames = new Allowance(IDLE_FRAMES);
  readonly #resets: Allowance;

  /** @param resets How many resets the peer may cause. */
  constructor(resets: Rate) {
    this.#resets = new Allowance(resets);
  }

  /**
   * Counts a frame without effect; `cost` is more than 1 for one that causes
   * much work.
   *
   * @throws {Http2Error} ENHANCE_YOUR_CALM, an error of the connection.
   */
  spend(cost: number): void {
    if (!this.#idleFrames.take(cost)) {
      throw connectionError(
        ErrorCode.ENHANCE_YOUR_CALM,
        "Too many frames that change nothing",
      );
    }
  }

  /**
   * Counts a stream that the peer has reset, or that was reset because of the
   * peer's mistake.
   *
   * @throws {Http2Error} ENHANCE_YOUR_CALM, an error of the connection.
   */
  countReset(): void {
    if (!this.#resets.take(1)) {
      throw connectionError(
        ErrorCode.ENHANCE_YOUR_CALM,
        "Too many streams were reset",
      );
    }
  }
}
