/**
 * What we grant a peer, and what we put up with. The engine is trusted to
 * build, not to be bug-free: every number here bounds memory or work that the
 * other side can cause.
 *
 * @module
 */

/** So much at once, and so much again each second. */
export interface Rate {
  /** What may come at once. */
  readonly burst: number;
  /** What may come again each second. */
  readonly perSecond: number;
}

/** Streams open at once; one more is refused. */
export const MAX_CONCURRENT_STREAMS = 1000;

/** Bytes of one request body that may wait unread. */
export const STREAM_WINDOW: number = 1024 * 1024;

/** Bytes of all request bodies together that may wait unread. */
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

/** Compressed bytes of one header block, which no list within its limit exceeds; more end the connection. */
export const MAX_HEADER_BLOCK_BYTES: number = MAX_HEADER_LIST_SIZE;

/** Frames of one header block that are shorter than 1 KiB; more end the connection. */
export const MAX_SHORT_FRAGMENTS = 64;

/** Header lists up to this size are counted as streams only. */
export const LONG_HEADER_LIST: number = 64 * 1024;

/** Sizes of the long header lists of all open streams together; a stream above it is refused. */
export const MAX_OPEN_HEADER_LISTS: number = 4 * MAX_HEADER_LIST_SIZE;

/**
 * Sizes of long header lists: at once, and again each second. A field that the
 * peer's table holds costs it one byte to send, and us its length to check.
 */
export const HEADER_LISTS: Rate = {
  burst: MAX_OPEN_HEADER_LISTS,
  perSecond: MAX_HEADER_LIST_SIZE,
};

/** Bytes of answers, DATA apart, that wait for a peer that does not read; more end the connection. */
export const MAX_ANSWER_BACKLOG: number = 1024 * 1024;

/** Frames that change nothing (PING, SETTINGS, empty DATA, …): at once, and again each second. */
export const IDLE_FRAMES: Rate = { burst: 10_000, perSecond: 20_000 };

/** Streams reset by the peer or by its fault: at once, and again each second. */
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
