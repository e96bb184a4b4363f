/**
 * What we grant a peer, and what we put up with. The engine is trusted to
 * build, not to be bug-free: every number here bounds memory or work that the
 * other side can cause.
 *
 * @module
 */

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

/** Longest header list, in bytes plus 32 a field; a stream with more is reset. */
export const MAX_HEADER_LIST_SIZE: number = 64 * 1024;

/** Compressed bytes of one header block; more ends the connection. */
export const MAX_HEADER_BLOCK_BYTES: number = 128 * 1024;

/** CONTINUATION frames of one header block; more end the connection. */
export const MAX_CONTINUATIONS = 64;

/** Bytes of answers, DATA apart, that wait for a peer that does not read; more end the connection. */
export const MAX_ANSWER_BACKLOG: number = 1024 * 1024;

/** Frames that change nothing (PING, SETTINGS, empty DATA, …): at once, and again each second. */
export const IDLE_FRAMES = { burst: 10_000, perSecond: 20_000 } as const;

/** Streams reset by the peer or by its fault: at once, and again each second. */
export const RESETS = { burst: 2_000, perSecond: 200 } as const;

/** Milliseconds that a peer has to read our last frames and to hang up. */
export const LINGER_MS = 1_000;

/** A budget that refills with time; the clock is only read when it runs out. */
export class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #since: number = performance.now();

  /** Begins full. */
  constructor(limits: { readonly burst: number; readonly perSecond: number }) {
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
