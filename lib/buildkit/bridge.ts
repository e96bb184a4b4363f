// The calls of `moby.buildkit.v1.frontend.LLBBridge`: a client in the place of
// a frontend, within one build.

import type { GrpcRemoteMethod } from "../grpc/client.ts";
import { GrpcCode } from "../grpc/status.ts";
import { empty } from "../proto/control.ts";
import {
  bridgeResult,
  bridgeSolveRequest,
  bridgeSolveResponse,
  evaluateRequest,
  readDirRequest,
  readDirResponse,
  readFileRequest,
  readFileResponse,
  type ReturnedError,
  returnRequest,
  statFileRequest,
  statFileResponse,
  type StatMessage,
} from "../proto/llbbridge.ts";
import { SolveError } from "./solve_error.ts";
import type { SolveRequest } from "./solve_request.ts";

export type { StatMessage as FileStat };

/** What a frontend is asked for within a build: a part of the build's request. */
export interface BridgeRequest
  extends
    Required<Pick<SolveRequest, "frontend" | "frontendAttrs">>,
    Pick<SolveRequest, "frontendInputs" | "cache"> {}

/** What a frontend gave. */
export interface BridgeResult {
  /**
   * Ids of what was built, by the platform: by the empty text where there is
   * only one. The steps run when something is read of it, or it is evaluated. An
   * id is empty where there is nothing, as of `FROM scratch` alone.
   */
  readonly refs: ReadonlyMap<string, string>;
  /** What the frontend tells, such as `result.json`. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
  /** The message as it came, for {@linkcode Bridge.end}. */
  readonly message: Uint8Array;
}

/** A part of a file. */
export interface ByteRange {
  /** The first byte. */
  readonly offset: number;
  /** How many bytes at most. */
  readonly length: number;
}

/** The options of each call. */
interface BridgeOptions {
  /** Ends the call, which then fails with the signal's reason. */
  readonly signal: AbortSignal;
}

/** Makes a call in the build that a bridge is for. */
export type BridgeAsk = <Request, Response>(
  method: GrpcRemoteMethod<Request, Response>,
  request: Request,
  options: BridgeOptions,
) => Promise<Response>;

const SERVICE = "/moby.buildkit.v1.frontend.LLBBridge/";

const SOLVE: GrpcRemoteMethod<BridgeRequest, BridgeResult> = {
  path: `${SERVICE}Solve`,
  codec: {
    encode: ({ frontend, frontendAttrs = {}, frontendInputs, cache }) =>
      bridgeSolveRequest.encode({
        frontend,
        frontendOpt: new Map(Object.entries(frontendAttrs)),
        allowResultReturn: true,
        allowResultArrayRef: true,
        cacheImports: (cache?.imports ?? []).map(({ type, attrs }) => ({
          type,
          attrs: new Map(Object.entries(attrs)),
        })),
        frontendInputs,
      }),
    decode(bytes) {
      const message = bridgeSolveResponse.decode(bytes).result ??
        new Uint8Array();
      const { ref, refs, metadata } = bridgeResult.decode(message);
      const all = ref === undefined
        ? [...refs?.refs ?? []]
        : [["", ref] as const];
      return {
        refs: new Map(all.map(([name, { id }]) => [name, id])),
        metadata,
        message,
      };
    },
  },
};

/** How a build ends: with a result, or with an error. */
type Ending =
  | { readonly result: Uint8Array }
  | { readonly error: ReturnedError };

const RETURN: GrpcRemoteMethod<Ending, unknown> = {
  path: `${SERVICE}Return`,
  codec: { encode: returnRequest.encode, decode: empty.decode },
};

/** A file of something that was built. */
interface PlacedFile {
  readonly ref: string;
  readonly path: string;
}

const READ_FILE: GrpcRemoteMethod<
  PlacedFile & { readonly range: ByteRange },
  Uint8Array
> = {
  path: `${SERVICE}ReadFile`,
  codec: {
    encode: readFileRequest.encode,
    decode: (bytes) => readFileResponse.decode(bytes).data,
  },
};

const READ_DIR: GrpcRemoteMethod<PlacedFile, readonly StatMessage[]> = {
  path: `${SERVICE}ReadDir`,
  codec: {
    encode: readDirRequest.encode,
    decode: (bytes) => readDirResponse.decode(bytes).entries,
  },
};

const STAT_FILE: GrpcRemoteMethod<PlacedFile, StatMessage | undefined> = {
  path: `${SERVICE}StatFile`,
  codec: {
    encode: statFileRequest.encode,
    decode: (bytes) => statFileResponse.decode(bytes).stat,
  },
};

const EVALUATE: GrpcRemoteMethod<{ readonly ref: string }, unknown> = {
  path: `${SERVICE}Evaluate`,
  codec: { encode: evaluateRequest.encode, decode: empty.decode },
};

/**
 * What a frontend may do within a build: run another frontend, and look into
 * what was built. Calls fail as those of `Control` do.
 */
export class Bridge {
  readonly #ask: BridgeAsk;

  /** @param ask Makes a call in the build. */
  constructor(ask: BridgeAsk) {
    this.#ask = ask;
  }

  /**
   * Runs a frontend, which reads the Dockerfile. There is no time limit. Steps
   * mostly have not run when it answers.
   */
  solve(
    request: BridgeRequest,
    options: BridgeOptions,
  ): Promise<BridgeResult> {
    return this.#ask(SOLVE, request, options);
  }

  /** Runs the steps that something that was built is made of. */
  async evaluate(ref: string, options: BridgeOptions): Promise<void> {
    try {
      await this.#ask(EVALUATE, { ref }, options);
    } catch (error) {
      const isUnknown = error instanceof SolveError &&
        error.code === GrpcCode.UNIMPLEMENTED;
      if (!isUnknown) throw error;
      // 20.10 has no such call: whatever is read makes the steps run.
      await this.stat(ref, "/", options);
    }
  }

  /**
   * A part of a file, at most 16 MiB; shorter where the file ends. Links are
   * followed within what was built.
   */
  readFile(
    ref: string,
    path: string,
    range: ByteRange,
    options: BridgeOptions,
  ): Promise<Uint8Array> {
    return this.#ask(READ_FILE, { ref, path, range }, options);
  }

  /** What is in a folder, by name. */
  readDir(
    ref: string,
    path: string,
    options: BridgeOptions,
  ): Promise<readonly StatMessage[]> {
    return this.#ask(READ_DIR, { ref, path }, options);
  }

  /** What a path is; undefined where the answer tells nothing. */
  stat(
    ref: string,
    path: string,
    options: BridgeOptions,
  ): Promise<StatMessage | undefined> {
    return this.#ask(STAT_FILE, { ref, path }, options);
  }

  /** Ends the build: with this result, which is then exported, or an error. */
  async end(ending: Ending, options: BridgeOptions): Promise<void> {
    await this.#ask(RETURN, ending, options);
  }
}
