import type { ByteDuplex } from "../streams/duplex.ts";

/** Options for taking over a connection; see {@linkcode Transport.upgrade}. */
export interface UpgradeInit {
  /** The protocol in the `Upgrade` header, such as `h2c`. */
  readonly protocol: string;
  /** Further request headers; a name may occur more than once. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A body of the request, which is JSON; none unless given. */
  readonly body?: string | undefined;
  /** Aborts the upgrade and closes the connection. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The connection to an engine: everything that davit needs of a network.
 *
 * A transport may have no `upgrade`, for example a plain `fetch`. Then no
 * session can be served over it, and secrets only reach an engine if a server
 * before it reads the `X-BuildKit-Secrets` header.
 */
export interface Transport {
  /**
   * The address of the engine, for messages: `unix:///var/run/docker.sock`.
   * Never holds a password.
   */
  readonly endpoint?: string | undefined;
  /**
   * Sends one request.
   *
   * @param path Path and query, beginning with `/`.
   * @throws {ConnectionError} If the engine can't be reached.
   */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /**
   * Sends `POST path` and takes the connection over after
   * `101 Switching Protocols`. The returned `readable` starts with the bytes
   * that came directly after the head: BuildKit sends its HTTP/2 preface
   * together with it.
   *
   * @throws {EngineError} If the engine answers anything but 101.
   * @throws {ConnectionError} If the engine can't be reached.
   */
  upgrade?(path: string, init: UpgradeInit): Promise<ByteDuplex>;
  /**
   * Opens a connection, on which nothing was sent yet, for HTTP/2 from the first
   * byte. Engines from API 1.53 on (29.2) speak it on their own socket, and will
   * do without `upgrade` one day.
   *
   * @param signal Ends the opening.
   * @throws {ConnectionError} If the engine can't be reached.
   */
  dial?(signal: AbortSignal): Promise<ByteDuplex>;
  /**
   * Closes what the transport keeps open, such as idle connections. Running
   * requests are not waited for.
   */
  close(): void | Promise<void>;
}
