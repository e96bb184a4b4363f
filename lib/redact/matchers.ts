/**
 * Several matchers that search the same text.
 *
 * @module
 */

import type { Match, Matcher, SpanSink } from "./automaton.ts";

/** One of the parts, and the numbers of its values. */
export interface MatcherPart {
  /** The matcher of this part, which nothing else uses. */
  readonly matcher: Matcher;
  /** The number that is added to the index of a value. */
  readonly firstValue: number;
}

/**
 * Reports what each of its parts finds; each reads the text once, so that it
 * costs what they cost together. What they report comes in the order of its
 * ends for each part, and in any order among them.
 */
export class JoinedMatcher implements Matcher {
  readonly #parts: readonly MatcherPart[];
  /** By part: where what it reported ends; for its weak blocks. */
  readonly #edges: Float64Array;
  readonly #sinks: readonly SpanSink[];
  #onSpan: SpanSink = () => {};
  #offset = 0;

  /** @param parts Their matchers are used by this alone. */
  constructor(parts: readonly MatcherPart[]) {
    this.#parts = parts;
    this.#edges = new Float64Array(parts.length).fill(-1);
    this.#sinks = parts.map((_, part) => this.#strong(part));
  }

  get steps(): number {
    return this.#parts.reduce((sum, { matcher }) => sum + matcher.steps, 0);
  }

  get offset(): number {
    return this.#offset;
  }

  get undecided(): number {
    let from = this.#offset;
    for (const { matcher } of this.#parts) {
      from = Math.min(from, matcher.undecided);
    }
    return from;
  }

  reset(): void {
    for (const { matcher } of this.#parts) matcher.reset();
    this.#edges.fill(-1);
    this.#offset = 0;
  }

  scan(chunk: Uint8Array, onMatch: (match: Match) => void): void {
    for (const part of this.#parts) {
      part.matcher.scan(chunk, renumbered(part, onMatch));
    }
    this.#offset += chunk.length;
  }

  spans(chunk: Uint8Array, onSpan: SpanSink): void {
    this.#onSpan = onSpan;
    for (let i = 0; i < this.#parts.length; i++) {
      this.#parts[i]!.matcher.spans(chunk, this.#sinks[i]!);
    }
    this.#offset += chunk.length;
  }

  finish(onSpan: SpanSink): void {
    this.#onSpan = onSpan;
    for (let i = 0; i < this.#parts.length; i++) {
      this.#parts[i]!.matcher.finish(this.#sinks[i]!);
    }
  }

  finishScan(onMatch: (match: Match) => void): void {
    for (const part of this.#parts) {
      part.matcher.finishScan(renumbered(part, onMatch));
    }
  }

  /** Decides the weak blocks of a part by what it found itself. */
  #strong(part: number): SpanSink {
    const edges = this.#edges;
    return (start, end, weak) => {
      if (weak && start > edges[part]!) return;
      edges[part] = Math.max(edges[part]!, end);
      this.#onSpan(start, end, false);
    };
  }
}

function renumbered(
  { firstValue }: MatcherPart,
  onMatch: (match: Match) => void,
): (match: Match) => void {
  if (firstValue === 0) return onMatch;
  return (match) => {
    const { pattern } = match;
    const value = pattern.value + firstValue;
    onMatch({ ...match, pattern: { ...pattern, value } });
  };
}
