import type { TimedStep } from "./timings.ts";

/** The classes of bars, which decide their colours, and what they mean. */
export const LEGEND: readonly (readonly ["k" | "b" | "c" | "e", string])[] = [
  ["k", "critical path"],
  ["b", "beside it"],
  ["c", "from the cache"],
  ["e", "failed"],
];

/** The class of a step's bar, which decides its colour. */
export function kindOf(
  { cached, error, critical }: Pick<TimedStep, "cached" | "error" | "critical">,
): "e" | "c" | "k" | "b" {
  if (error !== undefined) return "e";
  if (cached) return "c";
  return critical ? "k" : "b";
}
