import type { ByteDuplex } from "../streams/duplex.ts";

/** How a connection is taken over from HTTP; see {@linkcode Transport.upgrade}. */
export interface UpgradeInit {
  /** Protocol asked for in the `Upgrade` header, such as `h2c`. */
  readonly protocol: string;
  /** Further request headers; a name may stand more than once. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Drops the connection while the upgrade is under way. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The way to an engine: everything that davit needs of a network.
 *
 * A transport with no `upgrade`, such as a plain `fetch`, is allowed. No
 * session can be served over it, so secrets reach only an engine behind
 * something that gives the `X-BuildKit-Secrets` header its meaning.
 */
export interface Transport {
  /** Where it leads, for messages: `unix:///var/run/docker.sock`. Never holds a password. */
  readonly endpoint?: string | undefined;
  /**
   * Sends one request.
   *
   * @param path Path and query, from the first `/` on.
   * @throws {ConnectionError} If the engine can't be reached.
   */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /**
   * Sends `POST path` and takes the connection over after `101 Switching
   * Protocols`. The returned `readable` starts with the bytes that came behind
   * the head: BuildKit sends its HTTP/2 preface together with it.
   *
   * @throws {EngineError} If the engine answers anything but 101.
   * @throws {ConnectionError} If the engine can't be reached.
   */
  upgrade?(path: string, init: UpgradeInit): Promise<ByteDuplex>;
  /** Gives back what the transport holds. Requests under way end as they may. */
  close(): void | Promise<void>;
}
