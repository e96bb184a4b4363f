import { GrpcCode } from "../grpc/status.ts";
import type { Bridge, BridgeResult } from "./bridge.ts";
import type { Control } from "./control.ts";
import {
  runSolve,
  type RunSolveOptions,
  type SolveResult,
} from "./run_solve.ts";
import { SolveError } from "./solve_error.ts";
import type { SolveRequest } from "./solve_request.ts";

/** Options of {@linkcode runGatewayBuild}. */
export interface GatewayBuildOptions extends RunSolveOptions {
  /**
   * Does what a frontend does, and gives the result that is exported. The
   * signal aborts when the build has ended on the engine; calls of the bridge
   * take it. If this throws, the build fails with that error.
   */
  readonly frontend: (
    bridge: Bridge,
    signal: AbortSignal,
  ) => Promise<BridgeResult>;
}

/**
 * Builds with the caller in the place of the request's frontend
 * (`Control/Solve` without one, and the calls of LLBBridge). The build is open on the engine until
 * `frontend` is done: its result, or its error, is returned to BuildKit, so
 * that no build is left there. Where the engine can't be told any more, the
 * end of the call ends it.
 *
 * @throws What `frontend` throws, and as {@linkcode runSolve} does. BuildKit
 * repeats the error of a call of the bridge without its details: the call's own
 * is thrown.
 */
export async function runGatewayBuild(
  control: Control,
  request: SolveRequest,
  { frontend, ...options }: GatewayBuildOptions,
): Promise<SolveResult> {
  const left = new AbortController();
  /** Aborts when BuildKit has ended the build. */
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  const solved = runSolve(control, {
    ...request,
    // Without one BuildKit waits for the calls of the bridge.
    frontend: undefined,
    frontendInputs: undefined,
  }, { ...options, signal });
  solved.then(
    () => over.abort(new DOMException("The build is over", "AbortError")),
    (error) => over.abort(error),
  );
  const work = AbortSignal.any([options.signal, over.signal]);
  const bridge = control.bridge(request.ref);
  try {
    await hasBegun(control, request.ref, work);
    const { message: result } = await frontend(bridge, work);
    await bridge.end({ result }, { signal: work });
  } catch (error) {
    // What BuildKit says of the whole build is the cause of what its calls say
    // then.
    if (over.signal.aborted) return await solved;
    const told = error instanceof SolveError
      ? { code: error.code, message: error.detail }
      : { code: GrpcCode.CANCELLED, message: "the client gave the build up" };
    await bridge.end({ error: told }, { signal: work }).catch(() =>
      left.abort(error) // it is ended by the end of its call
    );
    await solved.catch(() => {}); // it repeats the error
    throw error;
  }
  return await solved;
}

/**
 * Waits until BuildKit knows the build: it waits for it by itself, but on a
 * machine that has much to do not for long enough.
 */
async function hasBegun(
  control: Control,
  ref: string,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await control.ping(ref, { signal });
      return;
    } catch (error) {
      const isUnknown = error instanceof SolveError &&
        error.code === GrpcCode.NOT_FOUND;
      signal.throwIfAborted();
      if (!isUnknown) throw error;
    }
  }
}
