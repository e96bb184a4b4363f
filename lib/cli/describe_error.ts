import { printable } from "../display/printable.ts";
import { BuildError, EngineError } from "../errors.ts";
import { UsageError } from "./exit.ts";
import { commandWords } from "./command_words.ts";

/** The longest chain of causes that is told. */
const MAX_CAUSES = 10;
/** Of a Dockerfile's place, or of a sentence, no more is told. */
const MAX_LINES = 40;
const MAX_LINE_LENGTH = 1000;

/**
 * An error in words, as buildx has them: the place in the Dockerfile, then the
 * sentence, in the command's own words. What a failed step printed is not among
 * them: it was shown.
 *
 * No error of davit's, and no cause of one, holds the value of a secret; what
 * steps printed is masked before it gets into one.
 *
 * @param debug Whether to tell what led to it, and the request that it answers.
 */
export function describeError(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return harmless(`ERROR: ${error}`);
  const parts = error instanceof BuildError
    ? [
      ...(error.source === undefined ? [] : [error.source.excerpt]),
      `ERROR: ${error.detail}`,
      ...error.missingSecrets.map((id) =>
        `secret "${id}" was asked for and not given: --secret id=${id},…`
      ),
    ]
    : [`ERROR: ${sentenceOf(error, debug)}`];
  const lines = parts.map(harmless);
  if (!debug || error instanceof UsageError) return lines.join("\n");
  let cause: unknown = error;
  for (let i = 0; i < MAX_CAUSES && cause instanceof Error; i++) {
    const places = cause.stack?.split("\n").filter((line) =>
      /^\s+at /.test(line)
    ) ?? [];
    const what = i === 0 ? cause.name : `${cause.name}: ${cause.message}`;
    lines.push(
      harmless(`${i === 0 ? "a" : "caused by"} ${what}`),
      ...places,
    );
    cause = cause.cause;
  }
  return lines.join("\n");
}

/** The engine's own sentence is what somebody at a terminal can do something with. */
function sentenceOf(error: Error, debug: boolean): string {
  const said = !debug && error instanceof EngineError && error.detail !== ""
    ? error.detail
    : commandWords(error);
  // Deno names one at a time.
  const more = error instanceof Deno.errors.NotCapable
    ? "; davit doctor lists all that are missing"
    : "";
  return said + more;
}

/** Text that does nothing to a terminal but stand there, and no more than a screen of it. */
function harmless(text: string): string {
  const lines = text.split("\n").map((line) => {
    const shown = printable(line);
    return shown.length <= MAX_LINE_LENGTH
      ? shown
      : `${shown.slice(0, MAX_LINE_LENGTH)}…`;
  });
  const tooMany = lines.length - MAX_LINES;
  if (tooMany <= 0) return lines.join("\n");
  // The place is told by the first lines, and what it came to by the last.
  const half = MAX_LINES / 2;
  return [
    ...lines.slice(0, half),
    `… ${tooMany} lines …`,
    ...lines.slice(-half),
  ].join("\n");
}
