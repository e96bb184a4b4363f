import type { BuildState } from "../progress/state.ts";
import type { Dockerfile } from "./context/offer.ts";
import type { BuildRecord } from "./record.ts";

/** What was recorded of a build, for those who look at it as a whole. */
export interface BuildTrace {
  /** The state of the build: all of its steps. */
  readonly state: BuildState;
  /**
   * The Dockerfile, its text masked as the log is; undefined where it is not
   * known, or where masking would change which line is which.
   */
  readonly dockerfile: () => Dockerfile | undefined;
  /**
   * For how long the engine had told nothing when the build ended, or has told
   * nothing now: what runs when a build is stopped ran for so much longer.
   */
  readonly silentMs: () => number;
  /** Which stages are built without the cache, or whether all are. */
  readonly withoutCache: () => readonly string[] | true;
}

/** By the running builds and their results. */
const traces = new WeakMap<object, BuildTrace>();

/** Keeps what is recorded of a running build. */
export function keepTrace(build: object, record: BuildRecord): void {
  traces.set(build, {
    state: record.state,
    dockerfile: () => maskedDockerfile(record),
    silentMs: () => silentMs(record),
    withoutCache: () => record.withoutCache,
  });
}

/** Keeps what was recorded of a build beside its result, but no secret. */
export function keepResultTrace(result: object, record: BuildRecord): void {
  const dockerfile = maskedDockerfile(record);
  const { state, withoutCache } = record;
  traces.set(result, {
    state,
    dockerfile: () => dockerfile,
    withoutCache: () => withoutCache,
    // All steps have ended.
    silentMs: () => 0,
  });
}

/**
 * What was recorded of a build; undefined for an object that is neither a build
 * of this program nor its result.
 */
export function traceOf(build: object): BuildTrace | undefined {
  return traces.get(build);
}

function silentMs(
  { heardAt, endedAt = performance.now() }: BuildRecord,
): number {
  return heardAt === undefined ? 0 : Math.max(0, endedAt - heardAt);
}

function maskedDockerfile(record: BuildRecord): Dockerfile | undefined {
  const file = record.dockerfile();
  if (file === undefined) return undefined;
  const text = record.text(file.text);
  return countLines(text) === countLines(file.text)
    ? { name: file.name, text }
    : undefined;
}

function countLines(text: string): number {
  return text.split("\n").length;
}
