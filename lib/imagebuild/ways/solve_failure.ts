import { errorPlace } from "../../buildkit/error_place.ts";
import type {
  SolveError,
  SolveErrorSource,
} from "../../buildkit/solve_error.ts";
import { BuildError, type BuildErrorSource } from "../../errors.ts";
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
  source: SolveErrorSource,
  record: BuildRecord,
): BuildErrorSource | undefined {
  // BuildKit knows a Dockerfile by the name that it was asked for; davit's own
  // name is the path in the context.
  const known = record.dockerfile();
  const place = errorPlace(
    source,
    known !== undefined && known.text === source.text ? known.name : undefined,
  );
  return place && { ...place, excerpt: record.text(place.excerpt) };
}
