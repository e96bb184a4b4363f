import type { OwnWords } from "./line_reader.ts";

/**
 * The first line of a step. The lines of the classic builder consist of fixed
 * words, numbers and ids, and some end in free text.
 */
export const STEP_REGEXP: RegExp = /^Step (\d+)\/(\d+) : (.*)$/s;
/** The line before a step's container starts. */
export const RUNNING_REGEXP: RegExp = /^ ---> Running in [0-9a-f]+\n?$/;
/** The line after the container has ended and was removed. */
export const REMOVED_REGEXP: RegExp =
  /^( ---> )?(Removed|Removing) intermediate container [0-9a-f]+\n?$/;
/** The line of a step whose result was in the cache. */
export const CACHE_REGEXP: RegExp = /^ ---> Using cache\n?$/;
/** The line with the image that a step made. */
export const IMAGE_REGEXP: RegExp = /^ ---> [0-9a-f]{12,64}\n?$/;
/** The line with the image of the whole build. */
export const BUILT_REGEXP: RegExp = /^Successfully built [0-9a-f]+\n?$/;
/** The line with a name that the image got. */
export const TAGGED_REGEXP: RegExp = /^Successfully tagged (\S+)\n?$/;
/** The line of a warning. */
export const WARNING_REGEXP: RegExp = /^\[Warning\] (.*?)\n?$/s;

/** The lines that hold no free text. */
const FIXED = [
  RUNNING_REGEXP,
  REMOVED_REGEXP,
  CACHE_REGEXP,
  IMAGE_REGEXP,
  BUILT_REGEXP,
];

/** The fixed beginnings of the lines that go on with free text. */
const LEADS_REGEXP = /^(?:Step \d+\/\d+ : |Successfully tagged |\[Warning\] )/;

/**
 * Separates the classic builder's own words from the text of steps and
 * Dockerfiles.
 */
export class ClassicLines implements OwnWords {
  /**
   * Whether a step's container runs: until it ends, all text is output of its
   * program.
   */
  #running = false;

  /**
   * How many characters at the start of the next text are fixed words of the
   * builder; 0 if all of it is free text or a program's output.
   */
  ownLength(text: string): number {
    const line = FIXED.find((regexp) => regexp.test(text));
    if (this.#running && line !== REMOVED_REGEXP && line !== IMAGE_REGEXP) {
      return 0;
    }
    this.#running = line === RUNNING_REGEXP;
    return line === undefined
      ? LEADS_REGEXP.exec(text)?.[0].length ?? 0
      : text.length;
  }
}
