import { Pattern } from "./pattern.ts";
import { cleanPath, trimSpace } from "./pattern_text.ts";
import { type PausedWork, withoutPauses } from "./pauses.ts";

/** The state of a list of patterns at one path. */
export interface MatchState {
  /** Whether the list matches the path, by itself or by a folder above it. */
  readonly matched: boolean;
  /** For each pattern: 1 if it matched; 0 also if it was not tried. */
  readonly each: Uint8Array;
}

/**
 * How many characters are looked at between two pauses; this takes less than a
 * millisecond.
 */
const WORK_A_PAUSE = 100_000;

/** With more patterns than this, a pause follows each path. */
const MANY_PATTERNS = 5_000;

/**
 * A list of patterns of which the last one that matches decides, as in moby's
 * patternmatcher (`MatchesUsingParentResults`): a pattern that matches a folder
 * also matches everything in it.
 *
 * Paths are asked from the root down, each with the state of the folder that it
 * is in.
 */
export class PatternMatcher {
  /** The state of the root folder, from which all paths start. */
  readonly root: MatchState;
  readonly #patterns: readonly Pattern[];
  readonly #plain: PatternsBelow;
  readonly #exceptions: PatternsBelow;
  /** An array that the next step can use, so that not every step makes one. */
  #spare: Uint8Array | undefined;

  /**
   * @param patterns The patterns as in an ignore file; exceptions begin with
   * `!`.
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

  /**
   * The same as {@linkcode steps}, without pauses, for a caller that is
   * synchronous.
   */
  step(path: string, parent: MatchState): MatchState {
    return withoutPauses(this.steps(path, parent));
  }

  /**
   * The state at a path; it is the same object as that of the folder if nothing
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
      // A pattern that can't change the outcome is not tried, and so counts as
      // not matched below, too, as in moby.
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

  /**
   * Whether an exception may match something below a folder that is excluded.
   */
  canExceptionMatchBelow(folder: string): boolean {
    return this.#exceptions.canMatchBelow(folder);
  }

  /**
   * Whether a pattern that is not an exception may match something below a
   * folder that is not matched itself.
   */
  canMatchBelow(folder: string): boolean {
    return this.#plain.canMatchBelow(folder);
  }
}

/** The characters by which fsutil recognises a pattern. */
const PATTERN_REGEXP = /[*[\]?^\\]/;

/**
 * The patterns of a list, asked whether they may match something below a
 * folder.
 *
 * fsutil does not read a folder if all patterns are plain paths and none of
 * them is below it. Its idea of a plain path is not always right: for `a/*\/**`
 * it sees only `a`, and so never reads `a/b`. This is done here in the same
 * way, because docker's builds behave so.
 */
class PatternsBelow {
  readonly #patterns: readonly Pattern[];
  /** The plain paths of the patterns; undefined if one is not a plain path. */
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
