import { secondsOf } from "./summary.ts";
import { comparable, type SavedStep, type SavedTimings } from "./saved.ts";
import type { BuildTimings } from "./timings.ts";

/** How one step differs between two builds. */
export interface StepChange {
  /** Its platform, stage and words. */
  readonly name: string;
  /** Its place in the list of the later build's steps. */
  readonly step: number | undefined;
  /** How long it ran before; undefined if there was no such step. */
  readonly beforeMs: number | undefined;
  /** How long it ran afterwards; undefined if there is no such step any more. */
  readonly afterMs: number | undefined;
  /** How much longer it runs; negative if it became faster. */
  readonly deltaMs: number;
  /** Whether it came from the cache before, and does not any more. */
  readonly lostCache: boolean;
  /** Whether it comes from the cache now. */
  readonly cached: boolean;
}

/** How two builds differ. */
export interface TimingsComparison {
  /** How long the earlier build took. */
  readonly beforeMs: number;
  /** How long the later build took. */
  readonly afterMs: number;
  /** The steps of both; what became slower most is the first. */
  readonly changes: readonly StepChange[];
  /** What there is to say about it, in sentences. */
  readonly summary: readonly string[];
}

/** How many steps are spoken of in each direction. */
const MAX_TOLD = 3;
/** The least that is worth a word, in milliseconds. */
const WORTH_MS = 100;

/**
 * Compares a build with an earlier one: what became slower, and what faster. The
 * steps are matched by their node, platform, stage and words.
 *
 * @param before The earlier build: its timings, or what {@linkcode readTimings}
 * has read of a file.
 * @example
 * ```ts
 * import { DockerClient } from "@davit/build";
 * import { buildTimings, compareTimings } from "@davit/build/timings";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const before = await docker.imageBuild("./app").result();
 * const after = await docker.imageBuild("./app").result();
 * const { summary } = compareTimings(
 *   await buildTimings(before),
 *   await buildTimings(after),
 * );
 * console.log(summary.join("\n"));
 * ```
 */
export function compareTimings(
  before: BuildTimings | SavedTimings,
  after: BuildTimings,
): TimingsComparison {
  const old = "summary" in before ? comparable(before) : before;
  const rest = new Map<string, SavedStep[]>();
  for (const step of old.steps) {
    rest.set(step.key, [...rest.get(step.key) ?? [], step]);
  }
  const changes = comparable(after).steps.map((step, at): StepChange => {
    const was = rest.get(step.key)?.shift();
    return {
      name: step.key,
      step: at,
      beforeMs: was?.durationMs,
      afterMs: step.durationMs,
      deltaMs: step.durationMs - (was?.durationMs ?? 0),
      lostCache: was?.cached === true && !step.cached,
      cached: step.cached,
    };
  });
  for (const { key, durationMs } of [...rest.values()].flat()) {
    changes.push({
      name: key,
      step: undefined,
      beforeMs: durationMs,
      afterMs: undefined,
      deltaMs: -durationMs,
      lostCache: false,
      cached: false,
    });
  }
  changes.sort((a, b) => b.deltaMs - a.deltaMs);
  const [beforeMs, afterMs] = [old.durationMs, after.durationMs];
  return {
    beforeMs,
    afterMs,
    changes,
    summary: told(beforeMs, afterMs, changes),
  };
}

function told(
  beforeMs: number,
  afterMs: number,
  changes: readonly StepChange[],
): string[] {
  const delta = afterMs - beforeMs;
  const percent = beforeMs === 0
    ? ""
    : ` (${delta < 0 ? "−" : "+"}${
      Math.round(100 * Math.abs(delta) / beforeMs)
    } %)`;
  const whole = Math.abs(delta) < WORTH_MS
    ? `The build took about as long as the one before: ${
      secondsOf(beforeMs)
    } before, ${secondsOf(afterMs)} now.`
    : `The build became ${delta > 0 ? "slower" : "faster"} by ${
      secondsOf(Math.abs(delta))
    }${percent}: ${secondsOf(beforeMs)} before, ${secondsOf(afterMs)} now.`;
  const slower = changes.filter(({ deltaMs }) => deltaMs >= WORTH_MS)
    .slice(0, MAX_TOLD);
  const faster = changes.filter(({ deltaMs }) => deltaMs <= -WORTH_MS)
    .slice(-MAX_TOLD).reverse();
  return [whole, ...[...slower, ...faster].map(sentence)];
}

function sentence(change: StepChange): string {
  const { name, beforeMs, afterMs, deltaMs, lostCache, cached } = change;
  if (beforeMs === undefined) return `New: ${name}, ${secondsOf(afterMs!)}.`;
  if (afterMs === undefined) {
    return `Not there any more: ${name}, ${secondsOf(beforeMs)} before.`;
  }
  const now = cached ? "from the cache now" : `${secondsOf(afterMs)} now`;
  return `${deltaMs > 0 ? "Slower" : "Faster"}: ${name}, ${
    secondsOf(beforeMs)
  } before, ${now}${lostCache ? "; it came from the cache before" : ""}.`;
}
