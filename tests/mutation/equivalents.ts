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
