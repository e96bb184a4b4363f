import type { GrpcCallOptions, GrpcRemoteMethod } from "../grpc/client.ts";
import { GrpcCode } from "../grpc/status.ts";
import type { SolveStatus } from "../progress/solve_status.ts";
import type { HistoryRecordMessage, HistoryUpdate } from "../proto/history.ts";
import type {
  DiskUsageQuestion,
  PruneMessage,
  UsageRecordMessage,
} from "../proto/usage.ts";
import { Bridge } from "./bridge.ts";
import { callError } from "./call_error.ts";
import type { Capabilities } from "./capabilities.ts";
import { type HeldConnection, holdConnection } from "./connection.ts";
import type { BuildkitHost } from "./host.ts";
import { SolveError } from "./solve_error.ts";
import type { SolveRequest } from "./solve_request.ts";

import {
  DISK_USAGE,
  HISTORY,
  INFO,
  LIST_WORKERS,
  PING,
  PRUNE,
  READ_CONTENT,
  SOLVE,
  STATUS,
  UPDATE_HISTORY,
} from "./control_methods.ts";
import type { Worker } from "./worker.ts";

/** How long BuildKit may take to answer a question, in milliseconds. */
const QUESTION_TIMEOUT_MS = 30_000;

/** How long BuildKit may send nothing of what is read, in milliseconds. */
const CONTENT_SILENCE_MS = 30_000;

/** What a call is ended by. */
export interface CallOptions {
  /** Ends the call, which then fails with the signal's reason. */
  readonly signal: AbortSignal;
}

/**
 * BuildKit's control API (`moby.buildkit.v1.Control`) on a connection that all
 * builds of one host share.
 *
 * Calls fail with a {@linkcode SolveError} if BuildKit answers with an error,
 * with a `ConnectionError` if the connection ends or BuildKit does not answer a
 * question in time, with a `ProtocolError` if the answer can't be one of
 * BuildKit's, and with the signal's reason after an abort.
 *
 * Disposing of it gives the connection back; it is closed when nobody uses it.
 */
export interface Control extends AsyncDisposable {
  /**
   * Builds, and waits until the build is done and its record is written; there
   * is no time limit. An abort stops the build: BuildKit ends the running steps
   * within some ten milliseconds. `runSolve` does this and reads the log.
   *
   * @returns What the exporters and the frontend answer: one map for all, in
   * which the last exporter wins.
   */
  solve(
    request: SolveRequest,
    options: CallOptions,
  ): Promise<ReadonlyMap<string, string>>;
  /**
   * The log of a build: what has happened, then what happens. An unknown build
   * is waited for, some seconds; then the call fails with NOT_FOUND. It ends
   * after the build's last step, but not always: end it some seconds after the
   * answer of `solve`.
   *
   * @returns Parts of the log; undefined for one that can't be read.
   */
  status(
    ref: string,
    options: CallOptions,
  ): AsyncGenerator<SolveStatus | undefined, void>;
  /**
   * Asks what BuildKit can do. The build must be a running one that has no
   * frontend; `capabilitiesOf` begins one.
   */
  ping(ref: string, options: CallOptions): Promise<Capabilities>;
  /**
   * The calls of `LLBBridge` within a running build that has no frontend;
   * `runGatewayBuild` begins one.
   */
  bridge(ref: string): Bridge;
  /**
   * The records of the builds that run and of the finished ones that the engine
   * keeps. They are always all of them: dockerd 28.5.2 ends itself when it is
   * asked for some, if one that was asked for alone has been deleted since. Ends
   * after 30 seconds at the latest.
   */
  history(
    options: CallOptions,
  ): AsyncGenerator<HistoryRecordMessage, void>;
  /**
   * The bytes of a part of a record, by its digest. They are read as slowly as
   * the caller takes them; it fails if BuildKit sends nothing for 30 seconds
   * while it is waited for.
   */
  content(
    digest: string,
    options: CallOptions,
  ): AsyncGenerator<Uint8Array, void>;
  /**
   * Changes a record of the history: pins it, unpins it, deletes it, or has its
   * trace written now.
   */
  updateHistory(
    update: Partial<HistoryUpdate> & Pick<HistoryUpdate, "ref">,
    options: CallOptions,
  ): Promise<void>;
  /**
   * What is in the cache.
   *
   * @param question Filters in containerd's words; a record that fits one of
   * them is given.
   */
  diskUsage(
    question: DiskUsageQuestion,
    options: CallOptions,
  ): Promise<readonly UsageRecordMessage[]>;
  /** Deletes from the cache; gives each record once it is deleted. */
  prune(
    request: Partial<PruneMessage>,
    options: CallOptions,
  ): AsyncGenerator<UsageRecordMessage, void>;
  /** What runs builds. */
  workers(options: CallOptions): Promise<readonly Worker[]>;
  /**
   * BuildKit's version, such as `v0.25.2` or, from a distribution,
   * `v0.0.0+unknown`; undefined on engines that do not tell (20.10).
   */
  version(options: CallOptions): Promise<string | undefined>;
}

/**
 * Opens BuildKit's control API.
 *
 * @throws {UnsupportedError} If the host, or a proxy before it, has none.
 * @throws {ConnectionError} If the host can't be reached, or does not answer
 * in time.
 */
export async function openControl(
  host: BuildkitHost,
  { signal }: CallOptions,
): Promise<Control> {
  return new HeldControl(await holdConnection(host, { signal }), host);
}

/** Control on a connection that others use as well. */
class HeldControl implements Control {
  readonly #connection: HeldConnection;
  readonly #where: string;

  constructor(connection: HeldConnection, { where }: BuildkitHost) {
    this.#connection = connection;
    this.#where = where;
  }

  solve(
    request: SolveRequest,
    { signal }: CallOptions,
  ): Promise<ReadonlyMap<string, string>> {
    return this.#ask(SOLVE, request, { signal });
  }

  status(
    ref: string,
    { signal }: CallOptions,
  ): AsyncGenerator<SolveStatus | undefined, void> {
    return this.#list(STATUS, { ref }, { signal });
  }

  async *history(
    { signal }: CallOptions,
  ): AsyncGenerator<HistoryRecordMessage, void> {
    for await (
      const record of this.#list(HISTORY, { earlyExit: true }, {
        signal,
        timeout: QUESTION_TIMEOUT_MS,
      })
    ) {
      if (record !== undefined) yield record;
    }
  }

  content(
    digest: string,
    { signal }: CallOptions,
  ): AsyncGenerator<Uint8Array, void> {
    return this.#list(READ_CONTENT, { digest }, {
      signal,
      silence: CONTENT_SILENCE_MS,
    });
  }

  async updateHistory(
    update: Partial<HistoryUpdate> & Pick<HistoryUpdate, "ref">,
    { signal }: CallOptions,
  ): Promise<void> {
    const timeout = QUESTION_TIMEOUT_MS;
    await this.#ask(UPDATE_HISTORY, update, { signal, timeout });
  }

  // Sizes are counted, and files deleted, as long as it takes: no time limit.

  diskUsage(
    question: DiskUsageQuestion,
    { signal }: CallOptions,
  ): Promise<readonly UsageRecordMessage[]> {
    return this.#ask(DISK_USAGE, question, { signal });
  }

  prune(
    request: Partial<PruneMessage>,
    { signal }: CallOptions,
  ): AsyncGenerator<UsageRecordMessage, void> {
    return this.#list(PRUNE, request, { signal });
  }

  ping(ref: string, { signal }: CallOptions): Promise<Capabilities> {
    return this.#ask(PING, {}, {
      signal,
      timeout: QUESTION_TIMEOUT_MS,
      metadata: buildOf(ref),
    });
  }

  bridge(ref: string): Bridge {
    return new Bridge((method, request, options) =>
      this.#ask(method, request, { ...options, metadata: buildOf(ref) })
    );
  }

  workers({ signal }: CallOptions): Promise<readonly Worker[]> {
    return this.#ask(LIST_WORKERS, {}, {
      signal,
      timeout: QUESTION_TIMEOUT_MS,
    });
  }

  async version({ signal }: CallOptions): Promise<string | undefined> {
    try {
      const timeout = QUESTION_TIMEOUT_MS;
      return await this.#ask(INFO, {}, { signal, timeout });
    } catch (error) {
      if (
        error instanceof SolveError && error.code === GrpcCode.UNIMPLEMENTED
      ) {
        return undefined; // 20.10 has no such method
      }
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#connection.release();
  }

  async #ask<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    request: Request,
    options: GrpcCallOptions,
  ): Promise<Response> {
    try {
      return await this.#connection.client.unary(method, request, options);
    } catch (error) {
      throw this.#error(error, method);
    }
  }

  async *#list<Request, Response>(
    method: GrpcRemoteMethod<Request, Response>,
    request: Request,
    options: GrpcCallOptions,
  ): AsyncGenerator<Response, void> {
    try {
      yield* this.#connection.client.serverStream(method, request, options);
    } catch (error) {
      throw this.#error(error, method);
    }
  }

  #error(error: unknown, { path }: { readonly path: string }): unknown {
    return callError(error, this.#where, path.slice(path.lastIndexOf(".") + 1));
  }
}

/** Says which build a call of LLBBridge is made in. */
function buildOf(ref: string): [name: string, value: string][] {
  return [["buildkit-controlapi-buildid", ref]];
}
