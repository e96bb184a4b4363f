import type { BuildTimings, TimedStep } from "./timings.ts";

/** The steps of one stage on one platform. */
export interface Lane {
  /** What tells it from others: node, platform, stage. */
  readonly name: string;
  /** Its steps: places in the list of steps. */
  readonly steps: readonly number[];
}

/** The lane of steps that no stage is named for. */
const WITHOUT = "build";

/**
 * The lanes of a build, in the order in which they began; the builder's own
 * steps are a lane, too.
 */
export function lanesOf({ steps }: Pick<BuildTimings, "steps">): Lane[] {
  const lanes = new Map<string, number[]>();
  for (const [at, step] of steps.entries()) {
    const name = laneName(step);
    const lane = lanes.get(name);
    if (lane === undefined) lanes.set(name, [at]);
    else lane.push(at);
  }
  return [...lanes].map(([name, steps]) => ({ name, steps }));
}

function laneName(
  { node, platform, stage }: Pick<TimedStep, "node" | "platform" | "stage">,
): string {
  return [node, platform, stage].filter(Boolean).join(" ") || WITHOUT;
}
