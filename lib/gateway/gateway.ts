import type { Transport } from "../transport/transport.ts";
import type { GatewayBreakout } from "./build_rules.ts";
import type { GatewayLimitOptions } from "./limits.ts";
import type { GatewayListen } from "./listen.ts";
import type { GatewayGroup } from "./routes.ts";

/** Where a gateway listens, which engine it uses, and what it allows. */
export interface GatewayOptions {
  /** Where it listens; the socket `davit.sock` in `XDG_RUNTIME_DIR` unless given. */
  readonly listen?: GatewayListen | undefined;
  /** The engine behind it: an address, or a transport; the one of docker's CLI unless given. */
  readonly engine?: string | Transport | undefined;
  /** Groups of requests to allow besides builds; none unless given. */
  readonly allow?: readonly GatewayGroup[] | undefined;
  /** What builds may do that is refused otherwise; nothing unless given. */
  readonly breakouts?: readonly GatewayBreakout[] | undefined;
  /**
   * Whether builds with different secrets share steps that are otherwise the
   * same, as builds on one engine do: a step that ran with one client's secret
   * is another client's result then. False unless given.
   */
  readonly shareSteps?: boolean | undefined;
  /** Limits for connections, builds, sizes and times. */
  readonly limits?: GatewayLimitOptions | undefined;
  /** Stops the gateway, as {@linkcode Gateway.stop} does. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A gateway that listens, from {@linkcode serveGateway}. `await using` stops it
 * at the end of its scope.
 */
export interface Gateway extends AsyncDisposable {
  /** Its address: `unix:///path`, `tcp://host:port`, or with TLS `https://host:port`. */
  readonly address: string;
  /**
   * Fulfils when it has stopped, and rejects if it broke. A gateway that breaks,
   * and that the program neither awaits nor stops, is an uncaught error at the
   * program's end.
   */
  readonly finished: Promise<void>;
  /** Accepts nothing new, waits for running requests for `limits.graceMs` at most, and stops. */
  stop(): Promise<void>;
}
