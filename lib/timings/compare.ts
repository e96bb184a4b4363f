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
  /**
   * The steps of both builds; what became slower most is the first. Where one of
   * the builds did not complete, only the steps that both of them ran to their
   * end.
   */
  readonly changes: readonly StepChange[];
  /** What there is to say about it, in sentences. */
  readonly summary: readonly string[];
}

/** How many steps are spoken of in each direction. */
const MAX_TOLD = 3;
/** The least that is worth a word, in milliseconds. */
const WORTH_MS = 100;

/** The stage's name that BuildKit gives one without a name, behind node and platform. */
const COUNTED_STAGE_REGEXP =
  /^((?:(?!(?:RUN|COPY|ADD|FROM|WORKDIR) )\S+ ){0,2}?)stage-\d+ /;

/**
 * Compares a build with an earlier one: what became slower, and what faster. The
 * steps are matched by their node, platform, stage and words; a stage without a
 * name of its own, which is called by its number, also by the words alone. Of a
 * build that failed or was stopped it is not said that it is faster or slower.
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
  const now = comparable(after);
  const pairs = pairsOf(old.steps, now.steps);
  const isWhole = [old, now].every(({ status = "completed" }) =>
    status === "completed"
  );
  const changes = (isWhole ? pairs : pairs.filter(hasEnded)).map(changeOf)
    .sort((a, b) => b.deltaMs - a.deltaMs);
  return {
    beforeMs: old.durationMs,
    afterMs: now.durationMs,
    changes,
    summary: [
      isWhole ? wholeOf(old, now) : unfinished(old, now),
      ...told(changes),
    ],
  };
}

/** A step of the earlier build, and the same one of the later. */
interface Pair {
  readonly was: SavedStep | undefined;
  readonly is: SavedStep | undefined;
  /** The place of the later one. */
  readonly at: number | undefined;
}

/** The steps of two builds: first those of the later one, in their order. */
function pairsOf(
  before: readonly SavedStep[],
  after: readonly SavedStep[],
): Pair[] {
  const found = new Map<SavedStep, SavedStep>();
  const left = new Set(before);
  // What has the same stage first, so that no other stage takes its place.
  for (const keyOf of [({ key }: SavedStep) => key, withoutCount]) {
    const byKey = Map.groupBy(left, keyOf);
    for (const is of after) {
      if (found.has(is)) continue;
      const was = byKey.get(keyOf(is))?.shift();
      if (was === undefined) continue;
      found.set(is, was);
      left.delete(was);
    }
  }
  return [
    ...after.map((is, at) => ({ was: found.get(is), is, at })),
    ...[...left].map((was) => ({ was, is: undefined, at: undefined })),
  ];
}

/** A step's key without the name of a stage that has none of its own. */
function withoutCount({ key }: SavedStep): string {
  return key.replace(COUNTED_STAGE_REGEXP, "$1");
}

/** Whether both builds ran a step to its end. */
function hasEnded({ was, is }: Pair): boolean {
  return [was, is].every((step) => step !== undefined && !step.stopped);
}

function changeOf({ was, is, at }: Pair): StepChange {
  return {
    name: (is ?? was)!.key,
    step: at,
    beforeMs: was?.durationMs,
    afterMs: is?.durationMs,
    deltaMs: (is?.durationMs ?? 0) - (was?.durationMs ?? 0),
    lostCache: was?.cached === true && is?.cached === false,
    cached: is?.cached === true,
  };
}

/** What is said of two builds that completed. */
function wholeOf(
  { durationMs: beforeMs }: SavedTimings,
  { durationMs: afterMs }: SavedTimings,
): string {
  const delta = afterMs - beforeMs;
  const percent = beforeMs === 0
    ? ""
    : ` (${delta < 0 ? "−" : "+"}${
      Math.round(100 * Math.abs(delta) / beforeMs)
    } %)`;
  const both = `${secondsOf(beforeMs)} before, ${secondsOf(afterMs)} now.`;
  return Math.abs(delta) < WORTH_MS
    ? `The build took about as long as the one before: ${both}`
    : `The build became ${delta > 0 ? "slower" : "faster"} by ${
      secondsOf(Math.abs(delta))
    }${percent}: ${both}`;
}

/** How a build ended, in words. */
const ENDED = {
  completed: "took",
  error: "failed after",
  canceled: "was cancelled after",
} as const;

/** What is said where one of the two builds did not complete. */
function unfinished(old: SavedTimings, now: SavedTimings): string {
  const [before, after] = [old, now].map(({ durationMs, status }) =>
    `${ENDED[status ?? "completed"]} ${secondsOf(durationMs)}`
  );
  return `The build before ${before}, and this one ${after}: compared are only the steps that both ran to their end.`;
}

/** The steps that changed most, in each direction. */
function told(changes: readonly StepChange[]): string[] {
  const slower = changes.filter(({ deltaMs }) => deltaMs >= WORTH_MS)
    .slice(0, MAX_TOLD);
  const faster = changes.filter(({ deltaMs }) => deltaMs <= -WORTH_MS)
    .slice(-MAX_TOLD).reverse();
  return [...slower, ...faster].map(sentence);
}

function sentence(change: StepChange): string {
  const { name, beforeMs, afterMs, deltaMs, lostCache, cached } = change;
  const step = `“${name}”`;
  if (beforeMs === undefined) return `New: ${step}, ${secondsOf(afterMs!)}.`;
  if (afterMs === undefined) {
    return `Not there any more: ${step}, ${secondsOf(beforeMs)} before.`;
  }
  const now = cached ? "from the cache now" : `${secondsOf(afterMs)} now`;
  return `${deltaMs > 0 ? "Slower" : "Faster"}: ${step}, ${
    secondsOf(beforeMs)
  } before, ${now}${lostCache ? "; it came from the cache before" : ""}.`;
}
