import type { Control } from "../buildkit/control.ts";
import type { BuildkitHost } from "../buildkit/host.ts";
import { SolveError } from "../buildkit/solve_error.ts";
import { UnsupportedError } from "../errors.ts";
import { GrpcCode } from "../grpc/status.ts";
import { BuildHistoryError } from "./history_error.ts";

/** Where records of builds and of the cache come from. */
export interface HistorySource {
  /** BuildKit's own API, loaded when it is needed. */
  readonly buildkit: () => Promise<BuildkitHost>;
  /** Runs a call of a client, which ends when the client is closed. */
  readonly run: <T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ) => Promise<T>;
  /** The same for a call that gives one thing after the other. */
  readonly iterate: <T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => AsyncGenerator<T, void>,
  ) => AsyncGenerator<T, void>;
  /** Whether what buildx wrote of its own builds on this machine is read. */
  readonly readsBuildxFolder: boolean;
}

/** What is asked for, in words for errors. */
export type Asked = "The history of builds" | "The build cache";

/** Asks BuildKit's API for something, and closes it. */
export async function asking<T>(
  source: Pick<HistorySource, "buildkit" | "run">,
  what: Asked,
  signal: AbortSignal | undefined,
  work: (
    control: Control,
    signal: AbortSignal,
    host: BuildkitHost,
  ) => Promise<T>,
): Promise<T> {
  return await source.run(signal, async (signal) => {
    const { host, ...opened } = await open(source, what, signal);
    await using control = opened.control;
    try {
      return await work(control, signal, host);
    } catch (error) {
      throw refusal(error, what);
    }
  });
}

/** The same for what comes one after the other. */
export function iterating<T>(
  source: Pick<HistorySource, "buildkit" | "iterate">,
  what: Asked,
  signal: AbortSignal | undefined,
  work: (
    control: Control,
    signal: AbortSignal,
    host: BuildkitHost,
  ) => AsyncGenerator<T, void>,
): AsyncGenerator<T, void> {
  return source.iterate(signal, async function* (signal) {
    const { control, host } = await open(source, what, signal);
    // A generator that nobody reads on is not told of the abort.
    const release = () => void control[Symbol.asyncDispose]();
    signal.addEventListener("abort", release);
    try {
      yield* work(control, signal, host);
    } catch (error) {
      throw refusal(error, what);
    } finally {
      signal.removeEventListener("abort", release);
      await control[Symbol.asyncDispose]();
    }
  });
}

async function open(
  { buildkit }: Pick<HistorySource, "buildkit">,
  what: Asked,
  signal: AbortSignal,
): Promise<{ readonly control: Control; readonly host: BuildkitHost }> {
  const { openControl } = await import("../buildkit/control.ts");
  const host = await buildkit();
  try {
    return { control: await openControl(host, { signal }), host };
  } catch (cause) {
    if (!(cause instanceof UnsupportedError)) throw cause;
    throw new UnsupportedError(
      what,
      `${what} can't be reached at ${host.where}, because it takes BuildKit's own API: use the socket of a Docker engine, or let a proxy before it pass POST /grpc; podman, a davit gateway and fetchTransport() do not have it`,
      { cause },
    );
  }
}

/** The error to report in place of BuildKit's own. */
function refusal(error: unknown, what: Asked): unknown {
  if (!(error instanceof SolveError)) return error;
  return error.code === GrpcCode.UNIMPLEMENTED
    ? new UnsupportedError(
      what,
      `${what} is not kept by this engine: its BuildKit does not know the call; engines from 24 on do`,
      { cause: error },
    )
    : new BuildHistoryError(error.detail, { cause: error });
}
