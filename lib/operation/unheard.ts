/**
 * Reports failures that nobody has read, when the program ends.
 *
 * They are reported at the end because a reader may come at any time before.
 * Deno dispatches `unload` when a program has come to its end and when it calls
 * `Deno.exit()`, but not in a worker and not after an uncaught error.
 *
 * @module
 */

import { isDenoBefore } from "../deno_version.ts";

/** How many failures are kept; further ones are only counted. */
const MAX_KEPT = 100;

const kept = new Set<Error>();
let more = 0;
let isAtEnd = false;

/**
 * Reports a failure at the program's end. It is thrown as an uncaught error,
 * which makes the exit code 1 and fails a file of `deno test`. If the program
 * leaves by `Deno.exit()`, or has set an exit code, it is printed to standard
 * error, and an exit code other than 0 stays.
 *
 * @returns A function that takes the report back, because somebody has read the
 * failure.
 */
export function tellAtEnd(failure: Error): () => void {
  // Once more changes nothing.
  globalThis.addEventListener("beforeunload", prepare);
  globalThis.addEventListener("unload", tell);
  if (kept.size >= MAX_KEPT) {
    more++;
    return () => more--;
  }
  kept.add(failure);
  return () => kept.delete(failure);
}

/**
 * The text of a report: a sentence, and the error below it.
 *
 * @param mask Masks secrets in the error's message.
 */
export function unheardText(
  sentence: string,
  error: unknown,
  mask: (text: string) => string = (text) => text,
): string {
  const words = error instanceof Error
    ? `${error.name}: ${error.message}`
    : String(error);
  // Control characters are removed, because a terminal would obey them and the
  // message may come from an engine.
  return `${sentence}\n${mask(words)}`
    // deno-lint-ignore no-control-regex
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}

/**
 * Moves this module's `unload` listener behind all others, because its uncaught
 * error ends the program at once.
 */
function prepare(event: Event): void {
  isAtEnd = !event.defaultPrevented;
  globalThis.removeEventListener("unload", tell);
  globalThis.addEventListener("unload", tell);
}

function tell(): void {
  const [first, ...others] = kept;
  if (first === undefined) return;
  const texts = others.map(({ message }) => message);
  if (more > 0) texts.push(`… and ${more} more`);
  kept.clear();
  more = 0;
  if (isAtEnd && Deno.exitCode === 0) {
    first.message = [first.message, ...texts].join("\n");
    // An older Deno would print only "Uncaught null" for an error that is
    // thrown here.
    if (isDenoBefore("2.7.0")) write(first);
    throw first;
  }
  // Set before anything is written, because the writing fails if standard error
  // is closed.
  Deno.exitCode ||= 1;
  first.message = [first.message, ...texts].join("\n");
  write(first);
}

/** Prints an error in the same form as Deno prints an uncaught one. */
function write({ message, stack = "" }: Error): void {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const text = [`error: ${message}`, ...frames, ""].join("\n");
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
