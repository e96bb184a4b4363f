/**
 * What we grant a peer, and what we put up with. The engine is trusted to
 * build, not to be bug-free: every number here bounds memory or work that the
 * other side can cause.
 *
 * @module
 */

import { connectionError, ErrorCode, streamError } from "./error.ts";

/** So much at once, and so much again each second. */
export interface Rate {
  /** What may come at once. */
  readonly burst: number;
  /** What may come again each second. */
  readonly perSecond: number;
}

/** Streams that a client may have open at once; one more is refused. */
export const MAX_CONCURRENT_STREAMS = 1000;

/** Bytes of one body that may wait unread. */
export const STREAM_WINDOW: number = 1024 * 1024;

/** Bytes of all bodies together that may wait unread. */
export const CONNECTION_WINDOW: number = 16 * 1024 * 1024;

/** Both windows as a connection begins (RFC 9113 section 6.9.2), and the least that can be asked for. */
export const INITIAL_WINDOW = 65_535;

/** The largest a window may become (RFC 9113 section 6.9.1). */
export const LARGEST_WINDOW = 0x7fffffff;

/**
 * Longest header list, in bytes plus 32 a field; a stream with more is reset.
 *
 * The engine asks for a folder with each line of its ignore file, and each path
 * of a COPY, as a field of its own. This is what grpc-go grants unless told
 * otherwise (`defaultServerMaxHeaderListSize`); docker's client grants 1 MiB.
 */
export const MAX_HEADER_LIST_SIZE: number = 16 * 1024 * 1024;

/** Header lists up to this size are counted as streams only. */
export const LONG_HEADER_LIST: number = 64 * 1024;

/** Sizes of the long header lists of all open streams together; a stream above it is refused. */
export const MAX_OPEN_HEADER_LISTS: number = 4 * MAX_HEADER_LIST_SIZE;

/**
 * Sizes of long header lists: at once, and again each second. A field that the
 * peer's table holds costs it one byte to send, and us its length to check.
 */
const HEADER_LISTS: Rate = {
  burst: MAX_OPEN_HEADER_LISTS,
  perSecond: MAX_HEADER_LIST_SIZE,
};

/** Bytes of answers, DATA apart, that wait for a peer that does not read; more end the connection. */
export const MAX_ANSWER_BACKLOG: number = 1024 * 1024;

/** Frames that change nothing (PING, SETTINGS, empty DATA, …): at once, and again each second. */
const IDLE_FRAMES: Rate = { burst: 10_000, perSecond: 20_000 };

/**
 * A WINDOW_UPDATE below this many bytes counts as a frame that changes nothing:
 * no real peer gives its window back in such pieces for long.
 */
export const SMALL_INCREMENT = 1024;

/** A client's streams that it resets, or that its fault does: at once, and again each second. */
export const RESETS: Rate = { burst: 2_000, perSecond: 200 };

/** Milliseconds that a peer has to read our last frames and to hang up. */
export const LINGER_MS = 1_000;

/** A budget that refills with time; the clock is only read when it runs out. */
export class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #since: number = performance.now();

  /** Begins full. */
  constructor(limits: Rate) {
    this.#burst = limits.burst;
    this.#perSecond = limits.perSecond;
    this.#left = limits.burst;
  }

  /** Takes `count`, or says `false` when so much is not left. */
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

/** Counts what a peer sends that gets nobody further. */
export class Patience {
  readonly #idleFrames = new Allowance(IDLE_FRAMES);
  readonly #resets: Allowance;

  /** Begins full; `resets` is what the peer may cause of them. */
  constructor(resets: Rate) {
    this.#resets = new Allowance(resets);
  }

  /**
   * Counts a frame that changes nothing, or one that costs as much as several.
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
   * Counts a stream that was reset by the peer or by its fault.
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
