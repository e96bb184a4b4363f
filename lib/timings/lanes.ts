import { isCounted } from "./step_name.ts";
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
/** The lane of the builder's own steps: their stage, where they name one. */
const INTERNAL = "internal";
/** What BuildKit does before the steps of a Dockerfile, and names no stage for. */
const BEFORE_REGEXP =
  /^(?:copy \/context |resolve image config for |docker-image:\/\/|importing cache manifest )/;

/**
 * The lanes of a build, in the order in which they began; the builder's own
 * steps are a lane, too.
 */
export function lanesOf({ steps }: Pick<BuildTimings, "steps">): Lane[] {
  const needed = new Set(steps.flatMap(({ inputs }) => inputs));
  const isDockerfile = steps.some(({ name }) => isCounted(name));
  const lanes = new Map<string, { name: string; steps: number[] }>();
  for (const [at, step] of steps.entries()) {
    const kind = unnamedLane(step, needed.has(at), isDockerfile);
    const { node, platform, stage = kind === WITHOUT ? "" : kind } = step;
    const name = [node, platform, stage].filter(Boolean).join(" ") || kind;
    // A stage may be called "output", too.
    const key = JSON.stringify([name, kind === OUTPUT]);
    const lane = lanes.get(key);
    if (lane === undefined) lanes.set(key, { name, steps: [at] });
    else lane.steps.push(at);
  }
  return [...lanes.values()];
}

/** The lane of a step that names neither a stage nor where it runs. */
function unnamedLane(
  { stage, name, words, inputs }: TimedStep,
  isNeeded: boolean,
  isDockerfile: boolean,
): string {
  if (stage !== undefined || isCounted(name)) return WITHOUT;
  if (BEFORE_REGEXP.test(words)) return INTERNAL;
  // An export names no inputs, and no other step needs it.
  if (!isNeeded && inputs.length === 0) return OUTPUT;
  // Another frontend than that of Dockerfiles need not number its steps.
  return isDockerfile ? INTERNAL : WITHOUT;
}
