import { type MatchState, PatternMatcher } from "./pattern_matcher.ts";
import { type PausedWork, withoutPauses } from "./pauses.ts";

/** The decision of a filter about one path. */
export interface FilterState {
  /** Whether the path itself belongs to the context. */
  readonly keep: boolean;
  /**
   * Whether the folder must be read, because something in it may belong to the
   * context.
   */
  readonly enter: boolean;
  /**
   * The state of the include patterns at this path; undefined if there are
   * none.
   */
  readonly include: MatchState | undefined;
  /**
   * The state of the exclude patterns at this path; undefined if there are
   * none.
   */
  readonly exclude: MatchState | undefined;
}

/** The patterns of a filter. */
export interface ContextFilterOptions {
  /**
   * If given, one of these patterns must match the path or a folder above it.
   */
  readonly include?: readonly string[] | undefined;
  /**
   * Patterns in the format of an ignore file: the last one that matches
   * decides.
   */
  readonly exclude?: readonly string[] | undefined;
}

/**
 * Decides which paths belong to a context. Paths are asked from the root down,
 * so that a folder in which nothing can belong is never read.
 */
export class ContextFilter {
  /** The state of the root folder, from which all paths start. */
  readonly root: FilterState;
  /** Whether every path belongs to the context: there are no patterns. */
  readonly keepsAll: boolean;
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
    this.keepsAll = include.length === 0 && exclude.length === 0;
    this.root = {
      keep: this.#include === undefined,
      enter: true,
      include: this.#include?.root,
      exclude: this.#exclude?.root,
    };
  }

  /**
   * The same as {@linkcode steps}, without pauses, for a caller that is
   * synchronous.
   */
  step(path: string, parent: FilterState): FilterState {
    return withoutPauses(this.steps(path, parent));
  }

  /**
   * Whether a path belongs to the context; applies the patterns to all folders
   * above it, too.
   */
  keeps(path: string): boolean {
    let state = this.root;
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
      state = this.step(path.slice(0, at), state);
    }
    return this.step(path, state).keep;
  }

  /** Decides about a path, given the state of the folder that it is in. */
  *steps(path: string, parent: FilterState): PausedWork<FilterState> {
    const include = this.#include &&
      (yield* this.#include.steps(path, parent.include!));
    const exclude = this.#exclude &&
      (yield* this.#exclude.steps(path, parent.exclude!));
    // Reuses the folder's state if the path's state is the same.
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
