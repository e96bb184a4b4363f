import { checkOptionNames } from "../option_names.ts";
import { toldPromise } from "../operation/told_promise.ts";
import { Engine } from "../engine/engine.ts";
import { connectEndpoint } from "../transport/connect.ts";
import {
  endpointFromHost,
  findEndpoint,
  withSettings,
} from "../transport/docker_config.ts";
import type { Transport } from "../transport/transport.ts";
import { GatewayConnection } from "./connection.ts";
import type { Gateway, GatewayOptions } from "./gateway.ts";
import { KnownValues } from "./known_values.ts";
import { checkLimits } from "./limits.ts";
import { checkListen, defaultListen } from "./listen.ts";
import { openAcceptor } from "./open_acceptor.ts";
import { makePolicy } from "./policy.ts";
import type { RequestSettings } from "./request.ts";
import { RunningBuilds } from "./running_builds.ts";
import { STEP_KEY_BYTES, StepKeys } from "./step_keys.ts";
import { Turns } from "./turns.ts";
import { TokenCheck } from "./token.ts";

/**
 * How long a stop waits for the engine to end the builds that were cancelled,
 * in milliseconds.
 */
const ENDING_MS = 10_000;

/**
 * How long every connection may be idle before it can be closed for another, in
 * milliseconds.
 */
const LEAST_IDLE_MS = 100;

const OPTIONS = {
  listen: true,
  engine: true,
  allow: true,
  breakouts: true,
  shareSteps: true,
  limits: true,
  signal: true,
} satisfies Record<keyof GatewayOptions, true>;

/** The implementation of `serveGateway()`; see there. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  checkOptionNames("serve a gateway", options, OPTIONS);
  const { signal, listen = defaultListen(), shareSteps = false } = options;
  if (listen === undefined) {
    throw new TypeError(
      "Cannot serve a gateway: XDG_RUNTIME_DIR is not set; say where to listen",
    );
  }
  checkListen(listen);
  const policy = makePolicy(options.allow, options.breakouts);
  const limits = checkLimits(options.limits ?? {});
  const steps = shareSteps ? undefined : await StepKeys.create();
  const token = "token" in listen && listen.token !== undefined
    ? await TokenCheck.of(listen.token)
    : undefined;
  signal?.throwIfAborted();
  const transport = await transportOf(options.engine);
  const engine = new Engine(transport);
  try {
    await engine.facts();
    const acceptor = await openAcceptor(listen, limits.maxConnections);
    if (signal?.aborted) await acceptor.close();
    signal?.throwIfAborted(); // while it began; from here on there is a listener
    const ending = new AbortController();
    const builds = new RunningBuilds(engine, limits.maxBuilds);
    const connections = new Connections({
      engine,
      policy,
      limits,
      token,
      // The keys that keep steps apart are masked as well; they belong to no
      // client.
      known: new KnownValues(
        limits.maxAllSecretBytes +
          (shareSteps ? 0 : limits.maxBuilds * STEP_KEY_BYTES),
        shareSteps,
      ),
      steps,
      hosts: acceptor.hosts,
      builds,
      turns: new Turns(),
      signal: ending.signal,
    });
    const accepting = connections.accept(acceptor.connections);
    let stopping: Promise<void> | undefined;
    const finished = Promise.withResolvers<void>();
    const told = toldPromise(
      finished.promise,
      'The gateway broke, and nothing in this program reads how it ends: "await gateway.finished"',
    );
    const stop = async () => {
      try {
        await acceptor.close();
        await connections.stop(limits.graceMs, ending);
        await builds.settle(ENDING_MS);
        await accepting;
        finished.resolve();
      } catch (error) {
        finished.reject(error);
        throw error;
      } finally {
        signal?.removeEventListener("abort", onAbort);
        if (typeof options.engine !== "object") await transport.close();
      }
    };
    const stopOnce = () => stopping ??= stop();
    const onAbort = () => void stopOnce().catch(() => {}); // `finished` tells it
    signal?.addEventListener("abort", onAbort);
    accepting.catch(onAbort); // a listener that broke serves nobody
    return {
      address: acceptor.address,
      finished: told.promise,
      stop() {
        told.hear();
        return stopOnce();
      },
      async [Symbol.asyncDispose]() {
        told.hear();
        await stopOnce();
      },
    };
  } catch (error) {
    if (typeof options.engine !== "object") await transport.close();
    throw error;
  }
}

async function transportOf(
  engine: string | Transport | undefined,
): Promise<Transport> {
  if (typeof engine === "object") return engine;
  return await connectEndpoint(
    await withSettings(() =>
      engine === undefined ? findEndpoint() : endpointFromHost(engine)
    ),
  );
}

/** The open connections of a gateway. */
class Connections {
  readonly #settings: RequestSettings;
  readonly #open = new Map<GatewayConnection, Promise<void>>();
  #stopping = false;

  constructor(settings: RequestSettings) {
    this.#settings = settings;
  }

  async accept(
    duplexes: AsyncIterable<ConstructorParameters<typeof GatewayConnection>[0]>,
  ): Promise<void> {
    for await (const duplex of duplexes) {
      const connection = new GatewayConnection(duplex, this.#settings);
      if (!await this.#makeRoom()) {
        connection.drop();
        continue;
      }
      const serving = connection.serve();
      this.#open.set(connection, serving);
      serving.finally(() => this.#open.delete(connection));
    }
  }

  /**
   * Whether there is room for one more connection. If not, the connection is
   * closed that has been idle for the longest time, if that is at least the
   * time that a request takes to arrive: so a client that holds many
   * connections can't keep others out.
   */
  async #makeRoom(): Promise<boolean> {
    while (!this.#stopping) {
      if (this.#open.size < this.#settings.limits.maxConnections) return true;
      const [longest] = [...this.#open.keys()].filter(({ idle }) => idle)
        .sort((a, b) => a.idleSince - b.idleSince);
      if (longest === undefined) return false;
      const ms = longest.idleSince + LEAST_IDLE_MS - performance.now();
      if (ms <= 0) {
        longest.drop();
        this.#open.delete(longest);
        return true;
      }
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
    return false;
  }

  /** Waits for running requests, for a limited time. */
  async stop(graceMs: number, ending: AbortController): Promise<void> {
    this.#stopping = true;
    for (const connection of this.#open.keys()) connection.stop();
    const timer = setTimeout(() => {
      ending.abort(new DOMException("The gateway stops", "AbortError"));
      for (const connection of this.#open.keys()) connection.drop();
    }, graceMs);
    await Promise.all(this.#open.values());
    clearTimeout(timer);
  }
}
