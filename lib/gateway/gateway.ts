import type { Transport } from "../transport/transport.ts";
import type { GatewayBreakout } from "./build_rules.ts";
import type { GatewayLimitOptions } from "./limits.ts";
import type { GatewayListen } from "./listen.ts";
import type { GatewayGroup } from "./routes.ts";

/** What a gateway is made of. */
export interface GatewayOptions {
  /** Where clients come in; the socket `davit.sock` in `XDG_RUNTIME_DIR` unless given. */
  readonly listen?: GatewayListen | undefined;
  /** The engine behind it: an address, or a transport; the one of docker's CLI unless given. */
  readonly engine?: string | Transport | undefined;
  /** What is let through besides builds; nothing unless given. */
  readonly allow?: readonly GatewayGroup[] | undefined;
  /** What builds may ask for besides; nothing unless given. */
  readonly breakouts?: readonly GatewayBreakout[] | undefined;
  /**
   * Whether builds with different secrets share steps that are otherwise the
   * same, as builds on one engine do: a step that ran with one client's secret
   * is another client's result then. False unless given.
   */
  readonly shareSteps?: boolean | undefined;
  /** How much of everything. */
  readonly limits?: GatewayLimitOptions | undefined;
  /** Stops the gateway, as {@linkcode Gateway.stop} does. */
  readonly signal?: AbortSignal | undefined;
}

/** A gateway that listens. */
export interface Gateway extends AsyncDisposable {
  /** Where, as `DOCKER_HOST` has it. */
  readonly address: string;
  /**
   * Settles when it has stopped, in whatever way. A gateway that breaks, and
   * that nobody waits for or stops, is told at the program's end.
   */
  readonly finished: Promise<void>;
  /** Takes nothing new, waits for what runs (`limits.graceMs` at the most), then ends it. */
  stop(): Promise<void>;
}

/**
 * Opens a door in front of an engine that gives the `X-BuildKit-Secrets` header
 * its meaning, for any client that can send a header: it takes the header off,
 * opens a session with the engine, serves the secrets there, and hands the body
 * on as it comes and the answer back with the secrets masked.
 *
 * Builds pass, and a few questions (`/_ping`, `/version`, a part of `/info`,
 * an image's inspect and history); everything else gets 403 unless allowed.
 *
 * @example
 * ```ts ignore
 * import { serveGateway } from "@davit/build";
 *
 * await using gateway = await serveGateway({
 *   listen: { path: "/run/davit/gateway.sock" },
 * });
 * await gateway.finished;
 * ```
 *
 * @throws {TypeError} If it would listen without protection, or an option is wrong.
 * @throws {RangeError} If a limit is out of range.
 * @throws {ConnectionError} If there is no engine.
 */
export async function serveGateway(
  options: GatewayOptions = {},
): Promise<Gateway> {
  // A program that only builds does not load a server.
  const { startGateway } = await import("./serve.ts");
  return await startGateway(options);
}
