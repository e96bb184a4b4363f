/**
 * The union of the spans to mask.
 *
 * @module
 */

import type { Matcher } from "./automaton.ts";

/** What stands for a secret. */
export const MASK = "***";

/**
 * Merges spans that overlap or touch; each secret that occurs is covered, also
 * where two of them overlap.
 *
 * Spans come in the order of their ends, as a matcher reports them. They are
 * kept flat: start, end, start, end.
 */
export class SpanUnion {
  /** The merged spans that are not yet taken. */
  readonly list: number[] = [];
  /** End of the last span taken; -1 if none. */
  edge: number = -1;

  /** Adds a span; a `weak` one only if it touches what is there. */
  readonly add = (start: number, end: number, weak: boolean): void => {
    const { list } = this;
    const last = list.length > 0 ? list[list.length - 1]! : this.edge;
    if (weak && start > last) return;
    let from = start;
    while (list.length > 0 && start <= list[list.length - 1]!) {
      from = Math.min(from, list[list.length - 2]!);
      list.length -= 2;
    }
    list.push(from, end);
  };

  /** Takes out all spans and forgets the edge. */
  clear(): void {
    this.list.length = 0;
    this.edge = -1;
  }
}

/**
 * The merged spans of a whole text, flat: start, end, start, end.
 *
 * @param matcher Reset before and after.
 */
export function findSpans(
  matcher: Matcher,
  bytes: Uint8Array,
): readonly number[] {
  const union = new SpanUnion();
  matcher.reset();
  matcher.spans(bytes, union.add);
  matcher.reset();
  return union.list;
}
