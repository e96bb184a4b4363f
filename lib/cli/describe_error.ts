import { cutText } from "../cut_text.ts";
import { printable } from "../display/printable.ts";
import { BuildError, EngineError } from "../errors.ts";
import { UsageError } from "./exit.ts";
import { commandWords } from "./command_words.ts";

/** How many errors of a chain of causes are shown. */
const MAX_CAUSES = 10;
/** How many lines of a Dockerfile's excerpt or of a message are shown. */
const MAX_LINES = 40;
const MAX_LINE_LENGTH = 1000;

/**
 * Words an error as buildx does: the place in the Dockerfile, then the message,
 * in terms of flags. The output of a failed step is left out: it was already
 * shown.
 *
 * No error of davit's, and no cause of one, holds the value of a secret; what
 * steps printed is masked before it gets into an error.
 *
 * @param debug Whether to show the stack, the causes, and the request that
 * failed.
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
      ...error.missingEntitlements.map((name) =>
        `a step asks for ${name}: --allow ${name}`
      ),
      ...(error.failedCache === undefined ? [] : [
        "the cache could not be written: ignore-error=true in --cache-to makes that a warning",
      ]),
      ...(error.deniedBy === undefined ? [] : [
        `${error.deniedBy} wants a login, or did not take the one that was sent: "docker login" stores one`,
      ]),
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

/**
 * The message to show: without `debug` the engine's own words alone, since the
 * rest helps nobody at a terminal.
 */
function sentenceOf(error: Error, debug: boolean): string {
  const said = !debug && error instanceof EngineError && error.detail !== ""
    ? error.detail
    : commandWords(error);
  // Deno's error names only one missing permission.
  const more = error instanceof Deno.errors.NotCapable
    ? "; davit doctor lists all that are missing"
    : "";
  return said + more;
}

/**
 * Replaces control characters, which a terminal would obey, and shortens text
 * that would fill more than a screen.
 */
function harmless(text: string): string {
  const lines = text.split("\n").map((line) => {
    const shown = printable(line);
    return shown.length <= MAX_LINE_LENGTH
      ? shown
      : `${cutText(shown, MAX_LINE_LENGTH)}…`;
  });
  const tooMany = lines.length - MAX_LINES;
  if (tooMany <= 0) return lines.join("\n");
  // The first lines name the place, and the last ones the outcome: those in the
  // middle are left out.
  const half = MAX_LINES / 2;
  return [
    ...lines.slice(0, half),
    `… ${tooMany} lines …`,
    ...lines.slice(-half),
  ].join("\n");
}
