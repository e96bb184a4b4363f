// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import { ConnectionError } from "../errors.ts";
import type { GrpcClient } from "../grpc/client.ts";
import type { BuildkitHost } from "./host.ts";

/** How long a host may take to open a connection, in milliseconds. */
const OPEN_TIMEOUT_MS = 30_000;

/** A connection to BuildKit's API that somebody uses. */
export interface HeldConnection {
  /** Makes the calls. */
  readonly client: GrpcClient;
  /**
   * Gives the connection back. It is closed when nobody else uses it; resolves
   * then. May be called any number of times.
   */
  release(): Promise<void>;
}

/** Options of {@linkcode holdConnection}. */
export interface HoldOptions {
  /** Ends this caller's wait for the connection. */
  readonly signal: AbortSignal;
  /** Time for the host to open it, in milliseconds. @default {30000} */
  readonly timeout?: number | undefined;
}

/** The connection of each host that is in use. */
const connections = new WeakMap<BuildkitHost, SharedConnection>();

/**
 * Opens the connection to the BuildKit API of a host, or takes part in the one
 * that is there: it carries many builds at once. One that has ended, or
 * whose host has said that it goes away, is not given to anybody any more;
 * those who use it keep it.
 *
 * @throws {UnsupportedError} If the host, or a proxy before it, has no such API.
 * @throws {ConnectionError} If the host can't be reached, or does not answer
 * in time.
 * @throws {EngineError} If it refuses for another reason.
 */
export async function holdConnection(
  host: BuildkitHost,
  { signal, timeout = OPEN_TIMEOUT_MS }: HoldOptions,
): Promise<HeldConnection> {
  signal.throwIfAborted();
  let shared = connections.get(host);
  if (shared === undefined || !shared.usable) {
    shared = new SharedConnection(host, timeout);
    connections.set(host, shared);
  }
  return await shared.hold(signal);
}

/** A connection, and how many use it. */
class SharedConnection {
  readonly #opening: Promise<GrpcClient>;
  /** Ends the opening when nobody waits for it any more. */
  readonly #abandoned = new AbortController();
  #client: GrpcClient | undefined;
  #holders = 0;
  #over = false;

  constructor(host: BuildkitHost, timeout: number) {
    this.#opening = open(host, this.#abandoned.signal, timeout).then(
      (client) => this.#client = client,
      (error) => {
        this.#over = true;
        throw error;
      },
    );
  }

  /** Whether somebody new may use it. */
  get usable(): boolean {
    return !this.#over && (this.#client?.takesCalls ?? true);
  }

  async hold(signal: AbortSignal): Promise<HeldConnection> {
    this.#holders++;
    let held = true;
    const release = async (): Promise<void> => {
      if (!held) return;
      held = false;
      if (--this.#holders > 0) return;
      this.#over = true;
      this.#abandoned.abort();
      await this.#opening.then((client) => client.close(), () => {}); // told to those who waited
    };
    try {
      return { client: await abortable(this.#opening, signal), release };
    } catch (error) {
      await release();
      throw error;
    }
  }
}

/** Opens a connection of a host, which is to take no longer than `timeout`. */
async function open(
  host: BuildkitHost,
  abandoned: AbortSignal,
  timeout: number,
): Promise<GrpcClient> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeout);
  try {
    return await host.connect(AbortSignal.any([abandoned, late.signal]));
  } catch (cause) {
    if (!late.signal.aborted) throw cause;
    throw new ConnectionError(
      `BuildKit at ${host.where} did not answer within ${
        timeout / 1000
      } seconds: is something between davit and it?`,
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
}
