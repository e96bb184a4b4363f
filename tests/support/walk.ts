import type { ContextEntry } from "../../lib/context/entry.ts";
import { walkContext as walkWithPauses } from "../../lib/context/walk.ts";

/** As the walk itself, without its pauses. */
export function walkContext(
  ...given: Parameters<typeof walkWithPauses>
): Generator<ContextEntry, void, undefined> {
  return withoutPauses(walkWithPauses(...given));
}

/** What is given out, pauses left out. */
export function* withoutPauses<T>(
  entries: Iterator<T | undefined, void, undefined>,
): Generator<T, void, undefined> {
  for (let next = entries.next(); !next.done; next = entries.next()) {
    if (next.value !== undefined) yield next.value;
  }
}
