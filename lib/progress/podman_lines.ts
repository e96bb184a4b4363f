import type { OwnWords } from "./line_reader.ts";

/**
 * The first line of a step: the stage's number where there are several stages,
 * the step's own, and the instruction. Source: buildah, `imagebuildah`
 * (`stage_executor.go`).
 */
export const STEP_REGEXP: RegExp =
  /^(?:\[(\d+)\/(\d+)\] )?STEP (\d+)\/(\d+): (.*)$/s;
/** The line of a step whose result was in the cache. */
export const CACHE_REGEXP: RegExp = /^--> Using cache [0-9a-f]{64}\n?$/;
/** The line with the image that a step made. */
export const IMAGE_REGEXP: RegExp = /^--> [0-9a-f]{11,64}\n?$/;
/** The line after the last step of a stage that becomes an image. */
export const COMMIT_REGEXP: RegExp = /^(?:\[\d+\/\d+\] )?COMMIT(?: \S+)?\n?$/;
/** The line with a name that the image got. */
export const TAGGED_REGEXP: RegExp = /^Successfully tagged (\S+)\n?$/;
/** The line of a warning. */
export const WARNING_REGEXP: RegExp = /^\[Warning\] (.*?)\n?$/s;

/** A line of podman's log of its own faults, before the first step. */
export const LOG_REGEXP: RegExp =
  /^time="[^"]*" level=(?:warning|error) msg=("(?:[^"\\]|\\.)*")/;

/** The fixed beginnings of podman's lines. */
const LEADS_REGEXP =
  /^(?:(?:\[\d+\/\d+\] )?(?:STEP \d+\/\d+: |COMMIT\b)|--> |Successfully (?:built|tagged) |\[Warning\] )/;

/**
 * Separates podman's own words from the text of steps and Dockerfiles. Podman
 * does not mark where the output of a step's program begins and ends, so
 * nothing behind the fixed words is taken for podman's own, not even an id.
 */
export class PodmanLines implements OwnWords {
  /**
   * How many characters at the start of the next text are fixed words of
   * podman; 0 if all of it may be free text or a program's output.
   */
  ownLength(text: string): number {
    return LEADS_REGEXP.exec(text)?.[0].length ?? 0;
  }
}
