import { segmentsOf } from "./strip.ts";
import type { BuildTimings, TimedStep } from "./timings.ts";

/** The class of a bar, which decides its colour. */
export type Kind = "k" | "b" | "c" | "e" | "o";

/** The classes of bars, and what they mean. */
const LEGEND: readonly (readonly [kind: Kind, words: string])[] = [
  ["k", "critical path"],
  ["b", "beside it"],
  ["c", "from the cache"],
  ["e", "failed"],
  ["o", "waiting, short steps"],
];

/** The class of a step's bar. */
export function kindOf(
  { cached, error, critical }: Pick<TimedStep, "cached" | "error" | "critical">,
): Exclude<Kind, "o"> {
  if (error !== undefined) return "e";
  if (cached) return "c";
  return critical ? "k" : "b";
}

/** The classes that are used for these steps and the critical path, with their meaning. */
export function legendOf(
  timings: BuildTimings,
  steps: readonly TimedStep[] = timings.steps,
): typeof LEGEND {
  const used = new Set<Kind>(steps.map(kindOf));
  if (segmentsOf(timings).some(({ step }) => step === undefined)) used.add("o");
  return LEGEND.filter(([kind]) => used.has(kind));
}
