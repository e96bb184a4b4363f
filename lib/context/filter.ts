import { type MatchState, PatternMatcher } from "./pattern_matcher.ts";
import { type PausedWork, withoutPauses } from "./pauses.ts";

/** What a filter says of one path. */
export interface FilterState {
  /** Whether the path itself belongs to the context. */
  readonly keep: boolean;
  /** Whether something below it may belong, if it is a folder. */
  readonly enter: boolean;
  /** How the include patterns stand here; undefined without any. */
  readonly include: MatchState | undefined;
  /** How the exclude patterns stand here; undefined without any. */
  readonly exclude: MatchState | undefined;
}

/** Which paths of a folder are wanted. */
export interface ContextFilterOptions {
  /** Patterns of which one must match the path, or a folder above it. */
  readonly include?: readonly string[] | undefined;
  /** Patterns as an ignore file has them: the last that matches decides. */
  readonly exclude?: readonly string[] | undefined;
}

/**
 * Decides path by path what belongs to a context, from the root down, so that
 * folders in which nothing can belong are never read.
 */
export class ContextFilter {
  /** The state above the first level. */
  readonly root: FilterState;
  readonly #include: PatternMatcher | undefined;
  readonly #exclude: PatternMatcher | undefined;

  /** @throws {ContextError} If a pattern is malformed. */
  constructor(options: ContextFilterOptions = {}) {
    const { include = [], exclude = [] } = options;
    this.#include = include.length === 0
      ? undefined
      : new PatternMatcher(include);
    this.#exclude = exclude.length === 0
      ? undefined
      : new PatternMatcher(exclude);
    this.root = {
      keep: this.#include === undefined,
      enter: true,
      include: this.#include?.root,
      exclude: this.#exclude?.root,
    };
  }

  /** As {@linkcode steps}, for a caller that can't wait. */
  step(path: string, parent: FilterState): FilterState {
    return withoutPauses(this.steps(path, parent));
  }

  /** Whether a path belongs to it, with all folders above it looked at. */
  keeps(path: string): boolean {
    let state = this.root;
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
      state = this.step(path.slice(0, at), state);
    }
    return this.step(path, state).keep;
  }

  /** Decides on a path below one whose state is known. */
  *steps(path: string, parent: FilterState): PausedWork<FilterState> {
    const include = this.#include &&
      (yield* this.#include.steps(path, parent.include!));
    const exclude = this.#exclude &&
      (yield* this.#exclude.steps(path, parent.exclude!));
    // Where nothing changes from a folder to what is in it, nothing is made.
    if (
      include === parent.include && exclude === parent.exclude && parent.keep
    ) return parent;
    const included = include === undefined || include.matched;
    const excluded = exclude !== undefined && exclude.matched;
    return {
      keep: included && !excluded,
      enter: (included || this.#include!.canMatchBelow(path)) &&
        (!excluded || this.#exclude!.canExceptionMatchBelow(path)),
      include,
      exclude,
    };
  }
}
