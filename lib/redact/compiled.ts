/**
 * Compiled patterns: for the search as they are, and for the search within
 * escapes.
 *
 * @module
 */

import { Automaton, type Matcher } from "./automaton.ts";
import { EscapeMatcher } from "./escape_matcher.ts";
import { compileEscapes, type EscapeTables } from "./escape_tables.ts";
import type { FormPattern } from "./forms.ts";
import type { MatcherPart } from "./matchers.ts";
import { inFairSlices } from "../streams/slices.ts";
import { atOnce } from "./slices.ts";

/** Compiled patterns. Immutable; any number of matchers may use them. */
export class CompiledPatterns {
  readonly #automaton: Automaton;
  readonly #escapes: EscapeTables | undefined;

  private constructor(
    automaton: Automaton,
    escapes: EscapeTables | undefined,
  ) {
    this.#automaton = automaton;
    this.#escapes = escapes;
  }

  /** Compiles patterns, which are listed twice. */
  static of(patterns: () => Iterable<FormPattern>): CompiledPatterns {
    return new CompiledPatterns(
      new Automaton(patterns()),
      atOnce(compileEscapes(patterns())),
    );
  }

  /**
   * The same in slices, for a process that has other work to do at the same
   * time.
   */
  static async inSlices(
    patterns: () => Iterable<FormPattern>,
    signal?: AbortSignal,
  ): Promise<CompiledPatterns> {
    return new CompiledPatterns(
      await Automaton.inSlices(patterns(), signal),
      await inFairSlices(compileEscapes(patterns()), signal),
    );
  }

  /** Whether there is nothing to find. */
  get empty(): boolean {
    return this.#automaton.empty;
  }

  /** The matchers that search one text together. */
  matchers(firstValue: number): MatcherPart[] {
    const matchers: Matcher[] = [this.#automaton.matcher()];
    if (this.#escapes !== undefined) {
      matchers.push(new EscapeMatcher(this.#escapes));
    }
    return matchers.map((matcher) => ({ matcher, firstValue }));
  }
}
