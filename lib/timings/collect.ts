import type { LineRange } from "../progress/dockerfile.ts";
import { formatExcerpt } from "../progress/excerpt.ts";
import { clientMounts, readMounts } from "../progress/mounts.ts";
import { isLineStep } from "../progress/line_steps.ts";
import { stepPositions } from "../progress/position.ts";
import type { BuildState } from "../progress/state.ts";
import { isCanceled, type VertexState } from "../progress/vertex_state.ts";
import { criticalPath } from "./critical_path.ts";
import { lineTimes } from "./line_times.ts";
import { nodesIn, readStepName } from "./step_name.ts";
import { summaryOf } from "./summary.ts";
import type {
  BuildTimings,
  TimedDockerfile,
  TimedFailure,
  TimedStep,
  TimedTransfer,
  TimedWarning,
} from "./timings.ts";

/** What is known of a build's failure besides its events. */
export interface KnownFailure {
  /** The engine's words. */
  readonly message: string;
  /** Whether it was stopped by the one who began it. */
  readonly canceled?: boolean;
  /** Digest of the failed step. */
  readonly vertex?: string | undefined;
  /** The failed lines of the Dockerfile. */
  readonly lines?: LineRange | undefined;
  /** The lines around them. */
  readonly excerpt?: string | undefined;
}

/** What is known of a build besides its events. */
export interface KnownFacts {
  /** The Dockerfile. */
  readonly dockerfile?: TimedDockerfile | undefined;
  /** Why it failed; undefined if it did not, or that is not known. */
  readonly failure?: KnownFailure | undefined;
  /**
   * How long what had not ended ran on behind the last event, in milliseconds.
   * @default {0}
   */
  readonly silentMs?: number | undefined;
  /** Which stages were built without the cache, or whether all were. @default {[]} */
  readonly withoutCache?: readonly string[] | true | undefined;
}

/** Where the time of a build went, from all of its events. */
export function collectTimings(
  state: BuildState,
  {
    dockerfile = dockerfileOf(state),
    failure: known,
    silentMs = 0,
    withoutCache = [],
  }: KnownFacts = {},
): BuildTimings {
  const vertices = [...state.vertices].sort((a, b) => a.started! - b.started!);
  const origin = vertices[0]?.started ?? 0;
  // A clock that the engine sets back while it builds leaves no time below 0.
  const end = Math.max(
    origin,
    ...vertices.map(({ completed }) => completed ?? state.time + silentMs),
  );
  const durationMs = end - origin;
  const since = (time: number) =>
    Math.min(durationMs, Math.max(0, time - origin));
  const places = new Map(vertices.map((vertex, at) => [vertex, at]));
  const nodes = nodesIn(vertices.map(({ name }) => name));
  const positionOf = stepPositions(dockerfile?.text ?? "");
  const positions = new Map<string, LineRange | undefined>();
  const bare = vertices.map((vertex): Omit<TimedStep, "critical"> => {
    const { plain, ...names } = readStepName(vertex.name, nodes);
    if (!positions.has(plain)) {
      positions.set(plain, positionOf(plain, isLineStep(vertex.digest)));
    }
    const periods = vertex.intervals.map(({ start, stop = end }) => ({
      startMs: since(start),
      endMs: Math.max(since(start), since(stop)),
    }));
    const { error } = vertex;
    return {
      digest: vertex.digest,
      name: vertex.name,
      ...names,
      startMs: since(vertex.started!),
      endMs: Math.max(...periods.map(({ endMs }) => endMs)),
      durationMs: periods.reduce(
        (sum, { startMs, endMs }) => sum + endMs - startMs,
        0,
      ),
      periods,
      cached: vertex.fromCache,
      error,
      canceled: error !== undefined && isCanceled(error),
      inputs: inputsOf(vertex, state, places),
      transfers: transfersOf(vertex, since),
      secrets: secretsOf(names.words),
      hasCacheMount: readMounts(names.words).some((fields) =>
        fields.get("type")?.toLowerCase() === "cache"
      ),
      lines: positions.get(plain),
    };
  });
  const failure = failureOf(bare, known, dockerfile);
  const path = criticalPath(bare, failure?.step);
  const onPath = new Set(path.map(({ step }) => step));
  const steps = bare.map((step, at) => ({ ...step, critical: onPath.has(at) }));
  const timings = {
    started: origin,
    durationMs,
    status: failure === undefined
      ? "completed" as const
      : known?.canceled === true || isCanceled(failure.message)
      ? "canceled" as const
      : "error" as const,
    steps,
    criticalPath: path,
    lines: lineTimes(steps),
    dockerfile,
    secrets: Object.fromEntries(state.secrets),
    warnings: state.warnings.map(({ short, url, source }): TimedWarning => ({
      text: short,
      url,
      line: source?.ranges[0]?.start.line,
    })),
    failure,
  };
  return { ...timings, summary: summaryOf(timings, withoutCache) };
}

/** A Dockerfile that the engine has sent with a warning about it. */
function dockerfileOf({ warnings }: BuildState): TimedDockerfile | undefined {
  for (const { source } of warnings) {
    if (source?.text !== undefined) {
      return { name: source.file, text: source.text };
    }
  }
  return undefined;
}

/**
 * The steps that a step waited for. One that never began, because nothing of it
 * was needed, stands for those that it would have waited for.
 */
function inputsOf(
  vertex: VertexState,
  state: BuildState,
  places: ReadonlyMap<VertexState, number>,
): number[] {
  const found = new Set<number>();
  const seen = new Set([vertex]);
  const open = [vertex];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const digest of next.inputs) {
      const input = state.get(digest);
      if (input === undefined || seen.has(input)) continue;
      seen.add(input);
      const place = places.get(input);
      if (place === undefined) open.push(input);
      else found.add(place);
    }
  }
  return [...found].sort((a, b) => a - b);
}

function transfersOf(
  { statuses }: VertexState,
  since: (time: number) => number,
): TimedTransfer[] {
  return [...statuses.values()].filter(({ current }) => current > 0)
    .map(({ id, current, total, started, completed }) => ({
      id,
      bytes: current,
      total,
      startMs: started && since(started),
      endMs: completed && since(completed),
    }));
}

function secretsOf(words: string): string[] {
  const ids = clientMounts(words).flatMap(({ type, id }) =>
    type === "secret" && id !== undefined ? [id] : []
  );
  return [...new Set(ids)];
}

function failureOf(
  steps: readonly Pick<TimedStep, "digest" | "error" | "canceled" | "lines">[],
  known: KnownFailure | undefined,
  dockerfile: TimedDockerfile | undefined,
): TimedFailure | undefined {
  const named = steps.findIndex(({ digest, error }) =>
    error !== undefined && digest === known?.vertex
  );
  const failed = steps.findIndex(({ error, canceled }) =>
    error !== undefined && !canceled
  );
  const at = [
    named,
    failed,
    steps.findIndex(({ canceled }) => canceled),
  ].find((at) => at >= 0);
  const message = known?.message ?? (at === undefined ? "" : steps[at]!.error!);
  if (message === "") return undefined;
  const lines = known?.lines ??
    (at === undefined ? undefined : steps[at]!.lines);
  const excerpt = known?.excerpt ??
    (lines && dockerfile &&
      formatExcerpt(dockerfile.text, lines, dockerfile.name));
  return { message, step: at, lines, excerpt };
}
