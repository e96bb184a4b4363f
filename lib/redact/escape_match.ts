/**
 * The matches that are reported for a value written with escapes.
 *
 * @module
 */

import type { Match } from "./automaton.ts";
import { LIMITS } from "./blocks.ts";
import { FAMILY } from "./escapes.ts";
import type { Form } from "./forms.ts";
import type { PatternInfo } from "./tables.ts";

/** What a pattern is called that is written with escapes of these families. */
function formOf(families: number): Form {
  switch (families) {
    case FAMILY.percent:
      return "percent";
    case FAMILY.json:
      return "json";
    case FAMILY.html:
      return "html";
    case FAMILY.quotedPrintable:
      return "quoted-printable";
    case FAMILY.escape:
    case FAMILY.escape | FAMILY.json:
      return "escape";
    default:
      return "mixed";
  }
}

/** A match of a pattern, or of a piece of a long one that begins `at` in it. */
export function matchOf(
  start: number,
  end: number,
  { value, length, part }: PatternInfo,
  families: number,
  at: number,
): Match {
  const pattern: PatternInfo = {
    value,
    form: formOf(families),
    // A short one is there in full, however it is written.
    length: length < LIMITS.block ? end - start : length,
    at,
    ...(part ? { part } : {}),
  };
  return { start, end, pattern, weak: false };
}
