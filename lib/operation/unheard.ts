/**
 * Failures that nobody has heard of, told when the program ends.
 *
 * That is the moment to tell them: a reader may come at any time before. Deno
 * dispatches `unload` when a program has come to its end, and when it calls
 * `Deno.exit()`; not in a worker, and not behind an uncaught error.
 *
 * @module
 */

import { isDenoBefore } from "../deno_version.ts";

/** So many are kept; of further ones only the number. */
const MAX_KEPT = 100;

const kept = new Set<Error>();
let more = 0;
let isListening = false;
let isAtEnd = false;

/**
 * Has a failure told at the program's end: as an uncaught error, which makes
 * the exit code 1 and fails a file of `deno test`; or in a line on standard
 * error where the program leaves by `Deno.exit()`, or with an exit code of its
 * own, which then stays.
 *
 * @returns Takes it back: somebody has heard of it.
 */
export function tellAtEnd(failure: Error): () => void {
  if (!isListening) {
    isListening = true;
    globalThis.addEventListener("beforeunload", prepare);
    globalThis.addEventListener("unload", tell);
  }
  if (kept.size >= MAX_KEPT) {
    more++;
    return () => more--;
  }
  kept.add(failure);
  return () => kept.delete(failure);
}

/**
 * The sentence that is told of a failure, and the failure behind it.
 *
 * @param mask Masks secrets in the failure's words.
 */
export function unheardText(
  sentence: string,
  error: unknown,
  mask: (text: string) => string = (text) => text,
): string {
  const words = error instanceof Error
    ? `${error.name}: ${error.message}`
    : String(error);
  // Without what would do something in a terminal: an engine may say anything.
  return `${sentence}\n${mask(words)}`
    // deno-lint-ignore no-control-regex
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}

/** An uncaught error ends everything: what else listens has its turn first. */
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
    // It says "Uncaught null" for what is thrown here.
    if (isDenoBefore("2.7.0")) write(first);
    throw first;
  }
  // Before anything is written: standard error may be closed.
  Deno.exitCode ||= 1;
  first.message = [first.message, ...texts].join("\n");
  write(first);
}

/** As Deno writes an uncaught error. */
function write({ message, stack = "" }: Error): void {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const text = [`error: ${message}`, ...frames, ""].join("\n");
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
