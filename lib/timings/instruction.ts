import { isCounted } from "./step_name.ts";
import type { TimedStep } from "./timings.ts";

/** What an instruction is known by. */
export type Worded = Pick<TimedStep, "name" | "words">;

/** Instructions that change the image, and so those that are built upon them. */
const LAYERS: ReadonlySet<string | undefined> = new Set([
  "RUN",
  "COPY",
  "ADD",
  "WORKDIR",
]);
const KEYWORD_REGEXP = /^([a-z]+)\s/i;
/** The keyword and its flags, such as `COPY --link --chown=1:1 `. */
const HEAD_REGEXP = /^\S+(?:\s+--\S*)*\s+/;
const FROM_REGEXP = /\s--from=/;
/** A file whose lines stand in the Dockerfile, such as `<<EOF` or `<<-"EOF"`. */
const HEREDOC_REGEXP = /^\d*<</;
/** The folder of the context, or all that is in it; `..` stays within it, too. */
const WHOLE_REGEXP = /^(?=.)\.?\/*(?:\.\/*|\*\*?\/*)?$/;

/**
 * The keyword of a step's instruction, in upper case; undefined where it is
 * none. BuildKit writes keywords in upper case, the classic builder as they stand
 * in the Dockerfile. BuildKit's own `copy /context /`, which unpacks a context,
 * has no number, and is no instruction.
 */
export function keywordOf({ name, words }: Worded): string | undefined {
  const written = KEYWORD_REGEXP.exec(words)?.[1];
  const keyword = written?.toUpperCase();
  return written === keyword || isCounted(name) ? keyword : undefined;
}

/** Whether a step changes the image, and so what is built upon it. */
export function isLayer(step: Worded): boolean {
  return LAYERS.has(keywordOf(step));
}

/** Whether a step copies files, from wherever. */
export function isCopy(step: Worded): boolean {
  const keyword = keywordOf(step);
  return keyword === "COPY" || keyword === "ADD";
}

/**
 * Whether a step copies files that may be others in the next build, such as those
 * of the context: not those of a stage or an image, and not lines of the
 * Dockerfile itself.
 */
export function copiesFiles(step: Worded): boolean {
  return isCopy(step) && !FROM_REGEXP.test(headOf(step.words)) &&
    sourcesOf(step.words).some((source) => !HEREDOC_REGEXP.test(source));
}

/** Whether a step copies the whole context, which changes with each of its files. */
export function copiesContext(step: Worded): boolean {
  return copiesFiles(step) &&
    sourcesOf(step.words).some((source) => WHOLE_REGEXP.test(source));
}

function headOf(words: string): string {
  return HEAD_REGEXP.exec(words)?.[0] ?? words;
}

/** What a `COPY` or an `ADD` copies: all of its words but the last. */
function sourcesOf(words: string): string[] {
  const rest = words.slice(headOf(words).length).trim();
  return (listOf(rest) ?? rest.split(/\s+/)).slice(0, -1);
}

/**
 * The words of the form `["a b", "/c"]`, which BuildKit writes without its quotes,
 * as `[a b, /c]`; undefined where they are no such list.
 */
function listOf(text: string): string[] | undefined {
  if (!text.startsWith("[") || !text.endsWith("]")) return undefined;
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list.map(String);
  } catch {
    // BuildKit has taken the quotes away.
  }
  return text.slice(1, -1).split(",").map((word) => word.trim());
}
