import type { BuildErrorSource } from "../errors.ts";
import type { LineRange } from "../progress/dockerfile.ts";
import { formatExcerpt } from "../progress/excerpt.ts";
import type { SolveErrorSource } from "./solve_error.ts";

/**
 * The first place that an error names, with the lines around it; undefined if it
 * names none.
 *
 * @param name The file's name to show. @default {The name that BuildKit has}
 */
export function errorPlace(
  { file, text, ranges }: SolveErrorSource,
  name: string = file,
): BuildErrorSource | undefined {
  const range = firstRange(ranges);
  return range && {
    file: name,
    startLine: range.start,
    endLine: range.end,
    excerpt: formatExcerpt(text, range, name),
  };
}

/**
 * The lines of the first place. BuildKit gives a step over several lines as one
 * range for each line.
 */
function firstRange(ranges: readonly LineRange[]): LineRange | undefined {
  const sorted = ranges.toSorted((a, b) => a.start - b.start);
  let range = sorted[0];
  for (const { start, end } of sorted) {
    if (range !== undefined && start <= range.end + 1) {
      range = { start: range.start, end: Math.max(range.end, end) };
    }
  }
  return range;
}

/** What a step may not do, in BuildKit's words (`util/entitlements`). */
const ENTITLEMENT_REGEXP =
  /(?:^|: )(network\.host|security\.insecure|device\S*) is not allowed$/;

/** What an error says that a build was not allowed, such as `network.host`. */
export function entitlementsIn(detail: string): string[] {
  const name = ENTITLEMENT_REGEXP.exec(detail)?.[1];
  return name === undefined ? [] : [name];
}
