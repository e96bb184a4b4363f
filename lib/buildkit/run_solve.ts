import { ConnectionError } from "../errors.ts";
import { GrpcCode } from "../grpc/status.ts";
import type { SolveStatus } from "../progress/solve_status.ts";
import type { Control } from "./control.ts";
import { SolveError } from "./solve_error.ts";
import type { SolveRequest } from "./solve_request.ts";

/**
 * How long a build's log is read on after the build's end, in milliseconds: as
 * buildx does. It mostly has ended before.
 */
const LOG_LINGER_MS = 3_000;

/**
 * How long the log of a build that was stopped is read on, in milliseconds. An
 * engine stops a step within some ten of them; who cancels must not wait long
 * for one that does not.
 */
const STOP_LINGER_MS = 400;

/**
 * How long the log of a build that has failed is waited for, in milliseconds, if
 * nothing of it has come: BuildKit has mostly refused the build before it began,
 * and waits some seconds for one of that id.
 */
const REFUSED_LINGER_MS = 1_000;

/**
 * How long to wait before the log of a build that has not begun is asked for
 * again, in milliseconds.
 */
const ASK_AGAIN_MS = 250;

/** Options of {@linkcode runSolve}. */
export interface RunSolveOptions {
  /** Stops the build; the promise rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /**
   * Takes a part of the log; undefined for one that can't be read. The next
   * part is read when the promise resolves. If it throws, the build is stopped
   * and fails with that error.
   */
  readonly onStatus: (status: SolveStatus | undefined) => void | Promise<void>;
  /**
   * How long the log is read on after the build's end, in milliseconds.
   *
   * @default {3000}
   */
  readonly linger?: number | undefined;
}

/** What a build has led to. */
export interface SolveResult {
  /** What the exporters and the frontend answered. */
  readonly response: ReadonlyMap<string, string>;
  /**
   * Why the log may not be whole, although the build has succeeded; undefined
   * if it is.
   */
  readonly logError: Error | undefined;
}

/**
 * Builds, and reads the build's log until its end. The promise settles when
 * both are over; the log of a build that has ended is waited for only for some
 * seconds, because BuildKit may never end it, and for one second if the build
 * has failed without one.
 *
 * After an abort the log's end is waited for, too, but not as long: then the
 * engine has stopped the build.
 *
 * @throws {SolveError} If the build fails.
 * @throws As {@linkcode Control} does.
 */
export async function runSolve(
  control: Control,
  request: SolveRequest,
  { signal, onStatus, linger = LOG_LINGER_MS }: RunSolveOptions,
): Promise<SolveResult> {
  const stop = new AbortController();
  const enough = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hasLog = false;
  const readOn = (most: number) => {
    const isStopped = signal.aborted || stop.signal.aborted;
    const ms = Math.min(linger, isStopped ? STOP_LINGER_MS : most);
    timer = setTimeout(
      () =>
        enough.abort(
          new ConnectionError(
            `BuildKit did not end the build's log within ${ms} ms after the build`,
          ),
        ),
      ms,
    );
  };
  // Asked for before the log: where streams are rare, a build gets one first.
  const solved = control.solve(request, {
    signal: AbortSignal.any([signal, stop.signal]),
  }).then((response) => {
    readOn(linger);
    return response;
  }, (error) => {
    readOn(hasLog ? linger : REFUSED_LINGER_MS);
    throw error;
  });
  const log = readLog(control, request.ref, solved, {
    onStatus(status) {
      hasLog = true;
      return onStatus(status);
    },
    signal: enough.signal,
    onFault: (error) => stop.abort(error),
  });
  try {
    const [response, logError] = await Promise.all([solved, log]);
    return { response, logError };
  } finally {
    // Also if the build has failed.
    await log;
    clearTimeout(timer);
  }
}

/** Options of {@linkcode readLog}. */
interface ReadLogOptions {
  readonly onStatus: RunSolveOptions["onStatus"];
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** Called with what `onStatus` threw; the log is not read further. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Reads a build's log to its end. Never rejects.
 *
 * @param solved Settles at the end of the build.
 * @returns Why the log may not be whole.
 */
async function readLog(
  control: Control,
  ref: string,
  solved: Promise<unknown>,
  { onStatus, signal, onFault }: ReadLogOptions,
): Promise<Error | undefined> {
  let over = false;
  const end = solved.then(() => {}, () => {}).then(() => {
    over = true;
  });
  for (;;) {
    const askedLate = over;
    let began = false;
    try {
      for await (const status of control.status(ref, { signal })) {
        began = true;
        try {
          await onStatus(status);
        } catch (error) {
          onFault(error);
          return undefined;
        }
      }
      return undefined;
    } catch (error) {
      const isUnknown = error instanceof SolveError &&
        error.code === GrpcCode.NOT_FOUND;
      // A build that waits for its turn is not known yet.
      if (signal.aborted || began || askedLate || !isUnknown) {
        return error as Error;
      }
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pause = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ASK_AGAIN_MS);
    });
    await Promise.race([pause, end]);
    clearTimeout(timer);
  }
}
