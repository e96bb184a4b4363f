import { BuildError } from "../errors.ts";
import { UsageError } from "./exit.ts";

/** The longest chain of causes that is told. */
const MAX_CAUSES = 10;

/**
 * An error in words, as buildx has them: the place in the Dockerfile, then the
 * sentence. What a failed step printed is not among them: it was shown.
 *
 * No error of davit's, and no cause of one, holds the value of a secret; what
 * steps printed is masked before it gets into one.
 *
 * @param debug Whether to tell what led to it.
 */
export function describeError(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return `ERROR: ${error}`;
  const lines = error instanceof BuildError
    ? [
      ...(error.source === undefined ? [] : [error.source.excerpt]),
      `ERROR: ${error.detail}`,
      ...error.missingSecrets.map((id) =>
        `secret "${id}" was asked for and not given: --secret id=${id},…`
      ),
    ]
    : [`ERROR: ${error.message}`];
  if (!debug || error instanceof UsageError) return lines.join("\n");
  let cause: unknown = error;
  for (let i = 0; i < MAX_CAUSES && cause instanceof Error; i++) {
    const places = cause.stack?.split("\n").filter((line) =>
      /^\s+at /.test(line)
    ) ?? [];
    const what = i === 0 ? cause.name : `${cause.name}: ${cause.message}`;
    lines.push(`${i === 0 ? "a" : "caused by"} ${what}`, ...places);
    cause = cause.cause;
  }
  return lines.join("\n");
}
