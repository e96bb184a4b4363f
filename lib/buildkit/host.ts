import type { GrpcClient } from "../grpc/client.ts";
import type { ByteDuplex } from "../streams/duplex.ts";

/**
 * Where BuildKit's own API is: behind a Docker engine, or in a daemon of its
 * own. All builds of one host share a connection, so one host is one object.
 */
export interface BuildkitHost {
  /** Its address, for messages. Never holds a password. */
  readonly where: string;
  /**
   * Opens a connection. `holdConnection` does it, for all builds together.
   *
   * @throws {UnsupportedError} If there is no such API.
   * @throws {ConnectionError} If the host can't be reached.
   */
  connect(signal: AbortSignal): Promise<GrpcClient>;
  /**
   * Opens the connection for a session, on which BuildKit asks for what a build
   * needs.
   *
   * @param headers The session's headers.
   * @param signal Ends the opening.
   * @throws {UnsupportedError} If there are no sessions.
   * @throws {ConnectionError} If the host can't be reached.
   */
  dialSession(
    headers: readonly (readonly [name: string, value: string])[],
    signal: AbortSignal,
  ): Promise<ByteDuplex>;
}
