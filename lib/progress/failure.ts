import type { BuildState } from "./state.ts";
import { isCanceled, type VertexState } from "./vertex_state.ts";

/** Where and how a build failed, as far as it can be known. */
export interface StepFailure {
  /** Digest of the failed step. */
  readonly vertex: string | undefined;
  /** Name of the failed step. */
  readonly name: string | undefined;
  /** Exit code of the step's program. */
  readonly exitCode: number | undefined;
  /** The last lines that the step printed. */
  readonly log: readonly string[];
}

/** How many lines of a failed step's output are kept; buildx shows as many. */
const LOG_LINES = 10;

const EXIT_CODE_REGEXP =
  /(?:did not complete successfully: |executor failed running .*)exit code: (\d+)|returned a non-zero code: (\d+)|^building at STEP .*: exit status (\d+)\s*$/s;

/**
 * The exit code that an error message of BuildKit, of the classic builder or of
 * podman names.
 */
export function exitCodeOf(detail: string): number | undefined {
  const match = EXIT_CODE_REGEXP.exec(detail);
  const code = match?.[1] ?? match?.[2] ?? match?.[3];
  return code === undefined ? undefined : Number(code);
}

/**
 * Finds the step that made the build fail.
 *
 * Several steps may have failed, and the engine's error message does not name
 * the one. It is the step whose own error is part of that message, or else the
 * only one that failed and was not just cancelled. If that is not clear, no
 * step is named.
 *
 * @param detail The engine's error message.
 * @param options `vertex`: digest of the step, where the engine names it.
 */
export function findFailure(
  state: BuildState,
  detail: string,
  options: {
    readonly logLines?: number;
    readonly vertex?: string | undefined;
  } = {},
): StepFailure {
  const named = options.vertex === undefined
    ? undefined
    : [...state.vertices].find(({ digest }) => digest === options.vertex);
  const vertex = named ?? failedVertex(state, detail);
  return {
    vertex: options.vertex ?? vertex?.digest,
    name: vertex?.name,
    exitCode: exitCodeOf(detail) ?? exitCodeOf(vertex?.error ?? ""),
    log: vertex?.tail.lines(options.logLines ?? LOG_LINES) ?? [],
  };
}

function failedVertex(
  state: BuildState,
  detail: string,
): VertexState | undefined {
  const failed = [...state.vertices].filter(({ error }) =>
    error !== undefined && !isCanceled(error)
  );
  const named = failed.filter(({ error }) => isPartOf(error!, detail));
  return only(named.length > 0 ? longest(named) : failed);
}

/**
 * Whether the message holds the error; some engines write its line ends as `\n`
 * escapes.
 */
function isPartOf(error: string, detail: string): boolean {
  return escaped(detail).includes(escaped(error));
}

function escaped(text: string): string {
  return text.replaceAll("\n", "\\n");
}

function only<T>(list: readonly T[]): T | undefined {
  return list.length === 1 ? list[0] : undefined;
}

/**
 * The steps with the longest error: a short one may be part of the message by
 * chance.
 */
function longest(list: readonly VertexState[]): VertexState[] {
  const length = Math.max(...list.map(({ error }) => error!.length));
  return list.filter(({ error }) => error!.length === length);
}
