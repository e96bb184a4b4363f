/** The classic builder's own lines: fixed words, numbers and ids, and what of them is free text. */
export const STEP_REGEXP: RegExp = /^Step (\d+)\/(\d+) : (.*)$/s;
/** A container begins. */
export const RUNNING_REGEXP: RegExp = /^ ---> Running in [0-9a-f]+\n?$/;
/** It has ended, and is gone. */
export const REMOVED_REGEXP: RegExp =
  /^( ---> )?(Removed|Removing) intermediate container [0-9a-f]+\n?$/;
/** The step was there already. */
export const CACHE_REGEXP: RegExp = /^ ---> Using cache\n?$/;
/** The image of a step. */
export const IMAGE_REGEXP: RegExp = /^ ---> [0-9a-f]{12,64}\n?$/;
/** The image of the build. */
export const BUILT_REGEXP: RegExp = /^Successfully built [0-9a-f]+\n?$/;
/** A name of it. */
export const TAGGED_REGEXP: RegExp = /^Successfully tagged (\S+)\n?$/;
/** A warning. */
export const WARNING_REGEXP: RegExp = /^\[Warning\] (.*?)\n?$/s;

/** Lines in which nothing is free text. */
const FIXED = [
  RUNNING_REGEXP,
  REMOVED_REGEXP,
  CACHE_REGEXP,
  IMAGE_REGEXP,
  BUILT_REGEXP,
];

/** The beginnings of those behind which it follows. */
const LEADS_REGEXP = /^(?:Step \d+\/\d+ : |Successfully tagged |\[Warning\] )/;

/** Tells the classic builder's own words from those of steps and Dockerfiles. */
export class ClassicLines {
  /** Between the start and the end of a container all text is the program's. */
  #running = false;

  /**
   * How many characters at the beginning of the next text are the builder's own
   * and no free text; 0 for a program's.
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
