import type { Kind } from "./kinds.ts";
import type { Mutant } from "./mutants.ts";

/** A change that nobody can observe, with the reason. */
export interface Equivalent {
  readonly file: string;
  readonly kind: Kind;
  /** The changed line, without its indent. */
  readonly text: string;
  readonly why: string;
}

/** Mutants that are not counted. */
export const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: "lib/transfer/transfer.ts",
    kind: "number",
    text: 'EVENT_SIZE + ("status" in event ? event.status.length : 0),',
    why:
      "only what stands for lost events has no words, and that is made for a reader and never kept: the type alone asks for a number",
  },
  {
    file: "lib/context/overlay.ts",
    kind: "bound",
    text: "if (order <= 0) yield left;",
    why: "of a folder that both have, both ways give the folder's own entry",
  },
  {
    file: "lib/credentials/token.ts",
    kind: "wait",
    text: "await response.body?.cancel();",
    why:
      "what is left of the answer is given back either way, and the next question needs no order",
  },
  {
    file: "lib/engine/engine.ts",
    kind: "fallback",
    text: "for await (const chunk of response.body ?? []) {",
    why: "reading null fails, and what breaks off is told as far as it came",
  },
];

/** Why a mutant is not counted; undefined if it is. */
export function reasonFor(
  mutant: Mutant,
  list: readonly Equivalent[] = EQUIVALENTS,
): string | undefined {
  return list.find(({ file, kind, text }) =>
    file === mutant.file && kind === mutant.kind && text === mutant.text
  )?.why;
}
