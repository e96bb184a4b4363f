import type {
  SolveError,
  SolveErrorSource,
} from "../../buildkit/solve_error.ts";
import { BuildError, type BuildErrorSource } from "../../errors.ts";
import { formatExcerpt } from "../../progress/excerpt.ts";
import type { LineRange } from "../../progress/dockerfile.ts";
import type { BuildRecord } from "../record.ts";

/**
 * The error of a build that BuildKit reports as failed, with the step, the exit
 * code and the place that BuildKit names. All text is masked.
 */
export function solveFailure(
  { detail, exitCode, vertex, sources }: SolveError,
  record: BuildRecord,
): BuildError {
  const [source] = sources;
  return new BuildError({
    detail: record.text(detail),
    exitCode,
    vertex,
    source: source && placeOf(source, record),
  });
}

function placeOf(
  { file, text, ranges }: SolveErrorSource,
  record: BuildRecord,
): BuildErrorSource | undefined {
  const range = firstRange(ranges);
  if (range === undefined) return undefined;
  // BuildKit knows a Dockerfile by the name that it was asked for; davit's own
  // name is the path in the context.
  const known = record.dockerfile();
  const name = known !== undefined && known.text === text ? known.name : file;
  return {
    file: name,
    startLine: range.start,
    endLine: range.end,
    excerpt: record.text(formatExcerpt(text, range, name)),
  };
}

/**
 * The lines of the first place. BuildKit gives a step over several lines as one
 * range for each line.
 */
function firstRange(ranges: readonly LineRange[]): LineRange | undefined {
  const sorted = ranges.toSorted((a, b) => a.start - b.start);
  let range = sorted[0];
  for (const { start, end } of sorted) {
    if (range !== undefined && start <= range.end + 1) {
      range = { start: range.start, end: Math.max(range.end, end) };
    }
  }
  return range;
}
