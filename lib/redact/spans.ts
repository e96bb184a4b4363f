/**
 * The union of the spans to mask.
 *
 * @module
 */

import type { Matcher } from "./automaton.ts";

/** The text that replaces a secret. */
export const MASK = "***";

/**
 * Merges spans that overlap or touch; each secret that occurs is covered, also
 * where two of them overlap.
 *
 * The spans of one matcher come in the order of their ends; those of several
 * that look through the same text in any order. They are kept flat, by place:
 * start, end, start, end.
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
    // Those from `from` to `to` touch it.
    let to = list.length;
    while (to > 0 && list[to - 2]! > end) to -= 2;
    let from = to;
    while (from > 0 && list[from - 1]! >= start) from -= 2;
    if (from === list.length) {
      list.push(start, end);
    } else if (from === to) {
      list.splice(from, 0, start, end);
    } else {
      const first = Math.min(start, list[from]!);
      const behind = Math.max(end, list[to - 1]!);
      list.splice(from, to - from, first, behind);
    }
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
  matcher.finish(union.add);
  matcher.reset();
  return union.list;
}
