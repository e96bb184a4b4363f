import { segmentsOf } from "./strip.ts";
import type { BuildTimings, TimedStep } from "./timings.ts";

/** The class of a bar, which decides its colour. */
export type Kind = "k" | "b" | "c" | "e" | "o";

type Legend = readonly (readonly [kind: Kind, words: string])[];

/** The classes of bars, and what they mean. */
const LEGEND: Legend = [
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
): Legend {
  const used = new Set<Kind>(steps.map(kindOf));
  if (segmentsOf(timings).some(({ step }) => step === undefined)) used.add("o");
  return LEGEND.filter(([kind]) => used.has(kind)).map(([kind, words]) => [
    kind,
    kind === "e" ? endingOf(steps) : words,
  ]);
}

/** What became of the steps with an error. */
function endingOf(steps: readonly TimedStep[]): string {
  const ended = steps.filter(({ error }) => error !== undefined);
  const words = [
    ...ended.some(({ canceled }) => !canceled) ? ["failed"] : [],
    ...ended.some(({ canceled }) => canceled) ? ["cancelled"] : [],
  ];
  return words.join(", ");
}
