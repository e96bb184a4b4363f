import { type LineRange, linesOf, readInstructions } from "./dockerfile.ts";
import { positionOfSentence } from "./sentences.ts";
import {
  type NumberedInstruction,
  numberInstructions,
  readFrom,
} from "./stages.ts";
import { matchesWritten } from "./written.ts";

export type { LineRange } from "./dockerfile.ts";

/** What is known about a failure. */
export interface FailureHints {
  /** Name of the failed step, such as `[stage-1 2/5] RUN make`. */
  readonly name?: string | undefined;
  /** The engine's error message. */
  readonly detail?: string | undefined;
  /**
   * Whether the step's number counts all instructions, as the classic builder
   * and podman do, and not only those that make a layer.
   */
  readonly countsAll?: boolean | undefined;
}

/** The number of a step and that of all steps, the last of a name's brackets. */
const COUNT_REGEXP = /^(\d+)\/(\d+)$/;
/** A step that asks for an image; the second form is that of BuildKit 0.8. */
const METADATA_REGEXP = /^(?:\[internal\] load metadata for|FROM) (\S+)$/;
/** A step of BuildKit 0.8 that fetches what `ADD` names. */
const FETCH_REGEXP = /^(?:https?|git):\/\/\S+$/;
/** The step that looks for the frontend of `# syntax=`. */
const FRONTEND_REGEXP =
  /^resolve image config for (?:docker-image:\/\/)?(\S+)$/;
/** Instructions in whose steps' names BuildKit takes quotes as a shell does. */
const UNQUOTED_REGEXP = /^(?:COPY|ADD|WORKDIR)$/;
const SYNTAX_REGEXP = /^#\s*syntax\s*=\s*(\S+)/i;
const ESCAPE_REGEXP = /^#\s*escape\s*=/i;
const LINE_REGEXP =
  /dockerfile parse error (?:on )?line (\d+):|syntax error on line (\d+)|\bDockerfile:(\d+)\b/i;

/**
 * Finds the instruction that failed. BuildKit's answer has no position, so the
 * instruction is found by the step's name (its stage, number and words) or, if
 * no step had begun, by the line or the words in the error message.
 *
 * @returns Undefined if the place is not certain.
 */
export function findPosition(
  dockerfile: string,
  { name = "", detail = "", countsAll = false }: FailureHints,
): LineRange | undefined {
  const instructions = readInstructions(dockerfile);
  const numbered = numberInstructions(instructions);
  // The message is not searched here: it quotes the step's words, which may
  // look like any message.
  if (readNumberedName(name) !== undefined) {
    return positionOfStep(numbered, name, countsAll);
  }
  if (/\bfile with no instructions\b/.test(detail)) return lastLine(dockerfile);
  return positionInDetail(dockerfile, detail) ??
    positionOfEscape(dockerfile, detail) ??
    positionOfSentence(instructions, detail) ??
    positionOfSyntax(dockerfile, name) ??
    positionOfStep(numbered, name, countsAll);
}

/**
 * Where the instructions of steps are, by the steps' names; undefined for a name
 * whose place is not certain. The Dockerfile is read once; `countsAll` is that
 * of {@linkcode FailureHints}.
 */
export function stepPositions(
  dockerfile: string,
): (name: string, countsAll?: boolean) => LineRange | undefined {
  const numbered = numberInstructions(readInstructions(dockerfile));
  const byStage = Map.groupBy(numbered, ({ stage }) => stage);
  return (name, countsAll = false) =>
    positionOfStep(numbered, name, countsAll, byStage);
}

/**
 * The last line: BuildKit names it for a file without instructions, which it
 * has read to the end.
 */
function lastLine(dockerfile: string): LineRange {
  const at = linesOf(dockerfile.replace(/\r?\n$/, "")).length;
  return { start: at, end: at };
}

/** The line `# syntax=`, if the frontend that it names could not be found. */
function positionOfSyntax(
  dockerfile: string,
  name: string,
): LineRange | undefined {
  const image = FRONTEND_REGEXP.exec(name)?.[1];
  if (image === undefined) return undefined;
  const at = linesOf(dockerfile).findIndex((line) => {
    const written = SYNTAX_REGEXP.exec(line)?.[1];
    return written !== undefined && isImage(written, image);
  });
  return at < 0 ? undefined : { start: at + 1, end: at + 1 };
}

/** The line `# escape=`, if it says what can't be, or says it again. */
function positionOfEscape(
  dockerfile: string,
  detail: string,
): LineRange | undefined {
  const which = /only one escape parser directive can be used/.test(detail)
    ? 1
    : /invalid escape token '/.test(detail)
    ? 0
    : -1;
  const at =
    linesOf(dockerfile).flatMap((line, index) =>
      ESCAPE_REGEXP.test(line) ? [index + 1] : []
    )[which];
  return at === undefined ? undefined : { start: at, end: at };
}

/** The instruction at the line that the engine's error message names. */
function positionInDetail(
  dockerfile: string,
  detail: string,
): LineRange | undefined {
  const match = LINE_REGEXP.exec(detail);
  if (match === null) return undefined;
  const line = Number(match[1] ?? match[2] ?? match[3]);
  const around = readInstructions(dockerfile).find(({ start, end }) =>
    start <= line && line <= end
  );
  // A line within an instruction is reported alone: the mistake is in that
  // line, for example in a here-document that an old engine does not know.
  return around === undefined
    ? undefined
    : { start: line, end: around.start === line ? around.end : line };
}

function positionOfStep(
  instructions: readonly NumberedInstruction[],
  name: string,
  countsAll: boolean,
  byStage?: ReadonlyMap<string | undefined, readonly NumberedInstruction[]>,
): LineRange | undefined {
  const metadata = METADATA_REGEXP.exec(name);
  if (metadata !== null) {
    const users = instructions.filter((one) =>
      usesImage(one, metadata[1]!, instructions)
    );
    // If only one stage uses the image, its first use is reported.
    const stages = new Set(users.map(({ stage }) => stage));
    return rangeOf(stages.size === 1 ? users.slice(0, 1) : users);
  }
  if (FETCH_REGEXP.test(name)) {
    return rangeOf(
      instructions.filter(({ keyword, text }) =>
        keyword === "ADD" &&
        text.split(/\s+/).some((word) => matchesWritten(word, name))
      ),
    );
  }
  const read = readNumberedName(name);
  if (read === undefined) return undefined;
  const { number, total, words } = read;
  const label = read.label?.toLowerCase();
  // A label with a slash is a platform: a stage's name has no slash.
  const stage = label?.includes("/") ? undefined : label;
  const same = stage === undefined
    ? instructions
    : byStage?.get(stage) ?? instructions.filter((one) => one.stage === stage);
  const counts = countsAll
    ? countsOfAll(number, total, stage !== undefined)
    : countsOfLayers(number, total);
  for (const isIt of counts) {
    // Few are compared by their words: most builds have each number once.
    const found = same.filter((one) => isIt(one) && hasWords(one, words));
    if (found.length > 0) return rangeOf(found);
  }
  return undefined;
}

/** What stands in the name of a step that has a number. */
interface NumberedName {
  /** The last word before the number: a stage or a platform. */
  readonly label: string | undefined;
  readonly number: number;
  readonly total: number;
  /** What stands behind the brackets. */
  readonly words: string;
}

/**
 * Reads a step's name, such as `[linux/arm64 stage-1 2/5] RUN make`; it has a
 * platform if several platforms are built. Of ten steps and more in a single
 * stage the first ones are `[ 2/10] RUN make`. Undefined for other names.
 */
function readNumberedName(name: string): NumberedName | undefined {
  const end = name.indexOf("]");
  if (!name.startsWith("[") || name[end + 1] !== " ") return undefined;
  const inside = name.slice(1, end).split(/\s+/);
  const count = COUNT_REGEXP.exec(inside.pop()!);
  if (count === null) return undefined;
  return {
    label: inside.at(-1) || undefined,
    number: Number(count[1]),
    total: Number(count[2]),
    words: name.slice(end + 2),
  };
}

type Count = (one: NumberedInstruction) => boolean;

/** What may be meant by a number of BuildKit's, the likeliest first. */
function countsOfLayers(number: number, total: number): Count[] {
  return [
    (one) => one.number === number && one.total === total,
    // The base image's ONBUILD instructions are counted first, and are not in
    // this file: subtract them.
    (one) =>
      one.total < total && one.number > 0 &&
      one.number === number - (total - one.total),
    () => true,
  ];
}

/**
 * What may be meant by a number that counts all instructions: of the Dockerfile,
 * or of a stage where one is named.
 */
function countsOfAll(
  number: number,
  total: number,
  ofStage: boolean,
): Count[] {
  return [
    ({ step, place, places }) => {
      if (!ofStage) return step === number;
      // Podman counts the base image's ONBUILD instructions first, and labels
      // and variables of the request last: none of them is in this file.
      return place === number || place === number - (total - places);
    },
    () => true,
  ];
}

function rangeOf(
  found: readonly NumberedInstruction[],
): LineRange | undefined {
  if (found.length !== 1) return undefined;
  const { start, end } = found[0]!;
  return { start, end };
}

/** Whether a step with these words can come from this instruction. */
function hasWords(instruction: NumberedInstruction, words: string): boolean {
  const { keyword, heredoc } = instruction;
  if (keyword === "FROM") {
    const image = /^FROM (\S+)/i.exec(words)?.[1];
    return image !== undefined &&
      isImage(readFrom(instruction.text).base, image);
  }
  const own = squeeze(
    instruction.text.replace(/^\S+/, (word) => word.toUpperCase()),
  );
  const name = squeeze(words);
  if (matchesWritten(own, name)) return true;
  // BuildKit writes `COPY ["a b", "/c"]` without its quotes.
  const isQuoted = UNQUOTED_REGEXP.test(keyword) &&
    matchesWritten(withoutQuotes(own), withoutQuotes(name));
  if (isQuoted) return true;
  // The name of a step with a here-document holds the document's beginning:
  // `RUN <<EOT (echo one...)`.
  const document = name.endsWith(")") ? name.indexOf(" (") : -1;
  return heredoc &&
    matchesWritten(own, document < 0 ? name : name.slice(0, document));
}

/** Whether an instruction makes BuildKit ask a registry for an image. */
function usesImage(
  instruction: NumberedInstruction,
  image: string,
  all: readonly NumberedInstruction[],
): boolean {
  const { keyword, text } = instruction;
  const isStage = (name: string) =>
    all.some(({ stage }) => stage === name.toLowerCase());
  if (keyword === "FROM") {
    return instruction.number > 0 && isImage(readFrom(text).base, image);
  }
  const sources = [...text.matchAll(/(?:--from=|,from=|=from=)([^\s,]+)/g)];
  return sources.some(([, from]) =>
    from !== undefined && !/^\d+$/.test(from) && !isStage(from) &&
    isImage(from, image)
  );
}

/**
 * Whether an image's name, as the Dockerfile has it, can mean this full name.
 */
function isImage(written: string, full: string): boolean {
  return matchesWritten(fullName(written), fullName(full));
}

function fullName(image: string): string {
  const short = image.replace(/^(?:index\.)?docker\.io\//, "")
    .replace(/^library\//, "").replace(/@sha256:[0-9a-f]{64}$/, "");
  return /:[^/]*$/.test(short) || short.includes("$")
    ? short
    : `${short}:latest`;
}

function withoutQuotes(text: string): string {
  return text.replace(/["']/g, "");
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
