import type { BuildState } from "./state.ts";
import { isCanceled, type VertexState } from "./vertex_state.ts";

/** Where and how a build failed, as far as it can be known. */
export interface StepFailure {
  /** Digest of the failed step. */
  readonly vertex: string | undefined;
  /** Its name. */
  readonly name: string | undefined;
  /** Exit code of its program. */
  readonly exitCode: number | undefined;
  /** The last lines that it printed. */
  readonly log: readonly string[];
}

/** How many lines of a failed step's output are told, as by buildx. */
const LOG_LINES = 10;

const EXIT_CODE_REGEXP =
  /(?:did not complete successfully: |executor failed running .*)exit code: (\d+)|returned a non-zero code: (\d+)/s;

/** The exit code that BuildKit or the classic builder puts into its sentence. */
export function exitCodeOf(detail: string): number | undefined {
  const match = EXIT_CODE_REGEXP.exec(detail);
  const code = match?.[1] ?? match?.[2];
  return code === undefined ? undefined : Number(code);
}

/**
 * Finds the step that made the build fail.
 *
 * Several may have failed side by side, and the engine's sentence names none:
 * it is the one whose own error is a part of that sentence, or the only one
 * that failed by itself. When unsure, no step is named.
 *
 * @param detail The engine's sentence.
 */
export function findFailure(
  state: BuildState,
  detail: string,
  options: { readonly logLines?: number } = {},
): StepFailure {
  const vertex = failedVertex(state, detail);
  return {
    vertex: vertex?.digest,
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

/** The engine puts quotes and line ends of an error into escapes, or not. */
function isPartOf(error: string, detail: string): boolean {
  return escaped(detail).includes(escaped(error));
}

function escaped(text: string): string {
  return text.replaceAll("\n", "\\n");
}

function only<T>(list: readonly T[]): T | undefined {
  return list.length === 1 ? list[0] : undefined;
}

/** A short error may be a part of the sentence by chance. */
function longest(list: readonly VertexState[]): VertexState[] {
  const length = Math.max(...list.map(({ error }) => error!.length));
  return list.filter(({ error }) => error!.length === length);
}
