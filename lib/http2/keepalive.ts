import { ErrorCode, Http2Error } from "./error.ts";

/** How a connection whose peer is silent is found out to be dead. */
export interface Http2KeepaliveOptions {
  /**
   * How long the peer may send nothing, while streams are open, before it is
   * asked for a sign of life by PING; in milliseconds.
   */
  readonly silence: number;
  /** How long it may take for that sign, in milliseconds. */
  readonly timeout: number;
}

/**
 * How much time lies between two PINGs, in milliseconds, so that a server does
 * not mind them. One of grpc-go that keeps its defaults counts each that comes
 * within five minutes as a strike, and ends the connection at the third; DATA
 * and HEADERS that it sends make it forget them (grpc-go,
 * internal/transport/http2_server.go, `handlePing`).
 */
const PATIENCE_MS = 310_000;

/** How many PINGs may come earlier, if the server has sent nothing since. */
const EARLY_PINGS = 2;

/** What a {@linkcode Keepalive} does on its connection. */
export interface KeepaliveHost {
  /** How many streams are open. */
  readonly streams: number;
  /** How many frames of streams the peer has sent. */
  readonly spoken: number;
  /** Sends PING. */
  ping(): void;
  /** Ends the connection. */
  end(error: Http2Error): void;
}

/**
 * Watches for a peer that sends nothing: a proxy that does not forward any more
 * and a machine that is gone close no connection.
 */
export class Keepalive {
  readonly #options: Http2KeepaliveOptions;
  readonly #host: KeepaliveHost;
  #heardAt: number = performance.now();
  /** How often the peer was heard. */
  #hearings = 0;
  /** When the last PING was sent. */
  #pingedAt = -Infinity;
  /** How much the peer had said then. */
  #spokenThen = -1;
  /** How many have come early since it has said something. */
  #early = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @throws {RangeError} If a time is none that a timer can have. */
  constructor(options: Http2KeepaliveOptions, host: KeepaliveHost) {
    for (const [name, ms] of Object.entries(options)) {
      if (!(ms >= 1 && ms <= 0x7fffffff)) {
        throw new RangeError(
          `Cannot speak HTTP/2: keepalive has ${name} ${ms}, expected 1 to ${0x7fffffff} ms`,
        );
      }
    }
    this.#options = options;
    this.#host = host;
    this.#wait(options.silence);
  }

  /** The peer has sent something. */
  heard(): void {
    this.#heardAt = performance.now();
    this.#hearings++;
  }

  /** The connection has ended. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#check(), ms);
  }

  #check(): void {
    const { silence, timeout } = this.#options;
    const now = performance.now();
    const isQuiet = now - this.#heardAt >= silence;
    const { streams, spoken } = this.#host;
    const hasSpoken = spoken !== this.#spokenThen;
    const isEarly = !hasSpoken && now - this.#pingedAt < PATIENCE_MS;
    const mayAsk = !isEarly || this.#early < EARLY_PINGS;
    if (!isQuiet || streams === 0 || !mayAsk) {
      const rest = isQuiet ? silence : silence - (now - this.#heardAt);
      return this.#wait(Math.max(1, rest));
    }
    if (hasSpoken) this.#early = 0;
    else if (isEarly) this.#early++;
    this.#pingedAt = now;
    this.#spokenThen = spoken;
    const before = this.#hearings;
    this.#host.ping();
    this.#timer = setTimeout(() => {
      if (this.#hearings > before) return this.#wait(silence);
      const seconds = (silence + timeout) / 1000;
      this.#host.end(
        new Http2Error(
          `Peer has sent nothing for ${seconds} seconds, and no answer to PING`,
          { code: ErrorCode.CONNECT_ERROR },
        ),
      );
    }, timeout);
  }
}
