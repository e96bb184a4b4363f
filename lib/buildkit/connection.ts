// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import type { Engine } from "../engine/engine.ts";
import {
  ConnectionError,
  EngineError,
  ProtocolError,
  UnsupportedError,
} from "../errors.ts";
import { connectGrpc, type GrpcClient } from "../grpc/client.ts";

/** How long an engine may take to answer `POST /grpc`, in milliseconds. */
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
  /** Time for the engine to open it, in milliseconds. @default {30000} */
  readonly timeout?: number | undefined;
}

/** The connection of each engine that is in use. */
const connections = new WeakMap<Engine, SharedConnection>();

/**
 * Opens the connection to the BuildKit API of an engine, or takes part in the
 * one that is there: it carries many builds at once. One that has ended, or
 * whose engine has said that it goes away, is not given to anybody any more;
 * those who use it keep it.
 *
 * @throws {UnsupportedError} If the engine, or a proxy before it, has no such
 * API.
 * @throws {ConnectionError} If the engine can't be reached, or does not answer
 * in time.
 * @throws {EngineError} If it refuses for another reason.
 */
export async function holdConnection(
  engine: Engine,
  { signal, timeout = OPEN_TIMEOUT_MS }: HoldOptions,
): Promise<HeldConnection> {
  signal.throwIfAborted();
  let shared = connections.get(engine);
  if (shared === undefined || !shared.usable) {
    shared = new SharedConnection(engine, timeout);
    connections.set(engine, shared);
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

  constructor(engine: Engine, timeout: number) {
    this.#opening = open(engine, this.#abandoned.signal, timeout).then(
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

/**
 * `POST /grpc`: takes the connection over for HTTP/2 (moby,
 * api/server/router/grpc). Engines from API 1.53 on speak HTTP/2 from the first
 * byte as well, and still answer this.
 */
async function open(
  engine: Engine,
  abandoned: AbortSignal,
  timeout: number,
): Promise<GrpcClient> {
  const { transport, where } = engine;
  if (transport.upgrade === undefined) {
    throw noApi(where, "the transport can not take a connection over");
  }
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeout);
  const signal = AbortSignal.any([abandoned, late.signal]);
  try {
    const { negotiated } = await engine.facts(signal);
    const path = `/v${negotiated}/grpc`;
    return connectGrpc(
      await transport.upgrade(path, { protocol: "h2c", headers: [], signal }),
    );
  } catch (cause) {
    if (late.signal.aborted) {
      throw new ConnectionError(
        `The engine at ${where} did not answer POST /grpc within ${
          timeout / 1000
        } seconds: is something between davit and the engine?`,
        { cause },
      );
    }
    throw cause instanceof EngineError ? refusal(where, cause) : cause;
  } finally {
    clearTimeout(timer);
  }
}

/** What an answer other than 101 means. */
function refusal(where: string, cause: EngineError): Error {
  const { status, detail } = cause;
  if (status < 400) {
    return new ProtocolError(
      `The answer to POST /grpc from ${where} has status ${status}, and takes no connection over: something between davit and the engine answered`,
      { cause },
    );
  }
  // 404 and 405: podman, or an engine without BuildKit. 403 and 501: proxies
  // that do not allow it.
  return [403, 404, 405, 501].includes(status)
    ? noApi(where, `it answered ${status}: ${detail}`, cause)
    : cause;
}

function noApi(where: string, why: string, cause?: unknown): UnsupportedError {
  return new UnsupportedError(
    "BuildKit's API",
    `BuildKit's API can not be reached at ${where} (${why}): use a Docker engine's own socket, let a proxy before it pass POST /grpc, or leave out the options that need this API`,
    cause === undefined ? {} : { cause },
  );
}
