import type { BuildTimings, TimedStep } from "./timings.ts";

/** The steps of one stage on one platform. */
export interface Lane {
  /** What tells it from others: node, platform, stage. */
  readonly name: string;
  /** Its steps: places in the list of steps. */
  readonly steps: readonly number[];
}

/** The lane of steps that no stage is named for, as in a Dockerfile of one. */
const WITHOUT = "build";
/** The lane of what is done with the result, and with caches. */
const OUTPUT = "output";
/** The name of a step of a Dockerfile has its number. */
const COUNTED_REGEXP = /^\[[^\]]*\d+\/\d+\]/;

/**
 * The lanes of a build, in the order in which they began; the builder's own
 * steps are a lane, too.
 */
export function lanesOf({ steps }: Pick<BuildTimings, "steps">): Lane[] {
  const lanes = new Map<string, { name: string; steps: number[] }>();
  for (const [at, step] of steps.entries()) {
    const { name, isOutput } = laneOf(step);
    // A stage may have this name, too.
    const key = JSON.stringify([name, isOutput]);
    const lane = lanes.get(key);
    if (lane === undefined) lanes.set(key, { name, steps: [at] });
    else lane.steps.push(at);
  }
  return [...lanes.values()];
}

function laneOf(
  { node, platform, stage, name }: TimedStep,
): { readonly name: string; readonly isOutput: boolean } {
  const where = [node, platform, stage].filter(Boolean).join(" ");
  const isOutput = stage === undefined && !COUNTED_REGEXP.test(name);
  return { name: where || (isOutput ? OUTPUT : WITHOUT), isOutput };
}
