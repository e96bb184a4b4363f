import { Pattern } from "./pattern.ts";
import { cleanPath, trimSpace } from "./pattern_text.ts";
import { type PausedWork, withoutPauses } from "./pauses.ts";

/** How a list of patterns stands at one path. */
export interface MatchState {
  /** Whether the path is matched: by itself, or with a folder above it. */
  readonly matched: boolean;
  /** For each pattern 1 if it matched, as far as it was asked. */
  readonly each: Uint8Array;
}

/** How many characters are looked at between two pauses: less than a millisecond. */
const WORK_A_PAUSE = 100_000;

/** How many patterns take so long to be asked about a folder that a pause is due behind it. */
const MANY_PATTERNS = 5_000;

/**
 * A list of patterns of which the last that matches decides, as moby's
 * patternmatcher has it (`MatchesUsingParentResults`): what a pattern says of a
 * folder, it says of everything in it.
 *
 * A path is asked for from the root down, each with the state of the folder it
 * is in.
 */
export class PatternMatcher {
  /** The state above the first level. */
  readonly root: MatchState;
  readonly #patterns: readonly Pattern[];
  readonly #plain: PatternsBelow;
  readonly #exceptions: PatternsBelow;
  /** To be used by the next step, so that not each makes its own. */
  #spare: Uint8Array | undefined;

  /**
   * @param patterns As an ignore file has them, those of exceptions with a `!`.
   * @throws {ContextError} If one is malformed.
   */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map(trimSpace).filter((text) => text !== "")
      .map((text) => new Pattern(cleanPath(text)));
    this.#plain = new PatternsBelow(
      this.#patterns.filter(({ isException }) => !isException),
    );
    this.#exceptions = new PatternsBelow(
      this.#patterns.filter(({ isException }) => isException),
    );
    this.root = {
      matched: false,
      each: new Uint8Array(this.#patterns.length),
    };
  }

  /** As {@linkcode steps}, for a caller that can't wait. */
  step(path: string, parent: MatchState): MatchState {
    return withoutPauses(this.steps(path, parent));
  }

  /**
   * The state at a path; the very one of the folder it is in, where nothing
   * changes.
   *
   * @throws {ContextError} If a pattern turns out to be malformed.
   */
  *steps(path: string, parent: MatchState): PausedWork<MatchState> {
    const patterns = this.#patterns;
    const each = this.#spare ?? new Uint8Array(patterns.length);
    this.#spare = undefined;
    let matched = false;
    let same = true;
    let work = 0;
    for (let index = 0; index < patterns.length; index++) {
      const pattern = patterns[index]!;
      let match = parent.each[index] === 1;
      // What would change nothing is not asked, and is not remembered either.
      if (!match && pattern.isException === matched) {
        const answer = pattern.match(path);
        match = typeof answer === "boolean" ? answer : yield* answer;
        if (match) same = false;
        work += pattern.costOf(path.length);
        if (work > WORK_A_PAUSE) {
          work = 0;
          yield;
        }
      }
      each[index] = match ? 1 : 0;
      if (match) matched = !pattern.isException;
    }
    if (patterns.length > MANY_PATTERNS) yield;
    if (same && matched === parent.matched) {
      this.#spare = each;
      return parent;
    }
    return { matched, each };
  }

  /** Whether an exception is asked about what is below a folder that is matched. */
  canExceptionMatchBelow(folder: string): boolean {
    return this.#exceptions.canMatchBelow(folder);
  }

  /** Whether a pattern that is no exception is asked about what is below a folder that is not matched. */
  canMatchBelow(folder: string): boolean {
    return this.#plain.canMatchBelow(folder);
  }
}

/** Characters of patterns, as far as fsutil knows. */
const PATTERN_REGEXP = /[*[\]?^\\]/;

/**
 * Patterns that may match something below a folder.
 *
 * fsutil leaves a folder out without a look where all of them are plain paths
 * by its reckoning, which is not always right: of `a/*\/**` it sees `a` alone,
 * and never looks into `a/b`. That is docker's rule all the same.
 */
class PatternsBelow {
  readonly #patterns: readonly Pattern[];
  /** Undefined where one is no plain path. */
  readonly #stems: readonly string[] | undefined;

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
    const stems = patterns.map(({ stem }) => stem);
    this.#stems = stems.some((stem) => PATTERN_REGEXP.test(stem))
      ? undefined
      : stems.map((stem) => `${stem}/`);
  }

  canMatchBelow(folder: string): boolean {
    return this.#stems === undefined
      ? this.#patterns.some((pattern) => pattern.canMatchBelow(folder))
      : this.#stems.some((stem) => stem.startsWith(`${folder}/`));
  }
}
