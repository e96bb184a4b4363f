import { formatBytes, formatSeconds } from "../display/units.ts";
import { briefWords } from "./step_name.ts";
import type { BuildTimings, TimedStep } from "./timings.ts";

/** What a summary is made from. */
type Facts = Omit<BuildTimings, "summary">;

/** The least share of a build's time that is worth a sentence. */
const WORTH = 0.1;
/** How many steps are spoken of. */
const MAX_STEPS = 3;
/** The least that is worth a word, of what a step has moved. */
export const WORTH_BYTES = 1000;
const MAX_WORDS = 60;
/** How many steps are named as the reason of another. */
const MAX_CAUSES = 2;
/** Steps that change the image, and so those that are built upon them. */
const LAYER_REGEXP = /^(?:RUN|COPY|ADD|WORKDIR)\s/;
/** A copy of the whole context, which changes with each of its files. */
const WHOLE_REGEXP = /^(?:COPY|ADD)\s+(?:--\S+\s+)*\.\/?\s/;
const FILES_REGEXP = /^(?:COPY|ADD)\s/;
const FROM_REGEXP = /\s--from=/;
/** What loads files of the client, for `COPY` and for `RUN --mount=type=bind`. */
const CONTEXT_REGEXP = /^load (?:build context|from client)$/;

/**
 * What there is to say about a build, in sentences.
 *
 * @param withoutCache Which stages were built without the cache, or whether all
 * were: their steps ran for no other reason.
 */
export function summaryOf(
  facts: Facts,
  withoutCache: readonly string[] | true = [],
): string[] {
  const { steps, durationMs, failure, secrets } = facts;
  if (steps.length === 0) return ["No step of this build began."];
  const cached = steps.filter((step) => step.cached).length;
  const ended = {
    completed: "The build took",
    error: "The build failed after",
    canceled: "The build was cancelled after",
  }[facts.status];
  const sentences = [
    `${ended} ${secondsOf(durationMs)}: ${counted(steps.length, "step")}, ${
      cached === 0 ? "none" : cached
    } of them from the cache.`,
  ];
  if (failure?.step !== undefined && facts.status === "error") {
    sentences.push(`It failed in ${called(steps[failure.step]!)}.`);
  }
  if (withoutCache === true) sentences.push("It was built without the cache.");
  else if (withoutCache.length > 0) {
    sentences.push(`Built without the cache: ${withoutCache.join(", ")}.`);
  }
  sentences.push(
    ...slowSteps(facts, withoutCache),
    ...waits(facts),
    ...parallel(facts),
  );
  const used = Object.entries(secrets).filter(([, state]) => state === "served")
    .map(([id]) => id);
  if (used.length > 0) {
    sentences.push(
      `${used.length === 1 ? "Secret" : "Secrets"} used: ${used.join(", ")}.`,
    );
  }
  return sentences;
}

/** The steps that most of the time passed with. */
function slowSteps(
  facts: Facts,
  withoutCache: readonly string[] | true,
): string[] {
  const { steps, criticalPath, durationMs } = facts;
  return criticalPath.filter(({ ownMs }) => isWorth(ownMs, durationMs))
    .sort((a, b) => b.ownMs - a.ownMs).slice(0, MAX_STEPS)
    .map(({ step: at, ownMs }) => {
      const step = steps[at]!;
      const why = isFresh(at, facts, withoutCache)
        ? undefined
        : reason(at, facts);
      const isRun = step.words.startsWith("RUN ");
      const isHelpless = isRun && !step.hasCacheMount &&
        why?.cause !== undefined &&
        isCopied(steps[why.cause]!) &&
        WHOLE_REGEXP.test(steps[why.cause]!.words);
      const share = `${percentOf(ownMs, durationMs)} of the time (${
        secondsOf(ownMs)
      }) is`;
      const what = `${called(step)}${moved(step)}`;
      return `${share} ${
        isHelpless
          ? `one RUN that no cache can help as it stands, ${what}`
          : what
      }${why === undefined ? "" : `; ${why.told}`}.`;
    });
}

/** Whether a step, or one that it is built upon, ran because it was to use no cache. */
function isFresh(
  at: number,
  { steps }: Facts,
  withoutCache: readonly string[] | true,
): boolean {
  if (withoutCache === true) return true;
  const stages = new Set(withoutCache.map((name) => name.toLowerCase()));
  return stages.size > 0 &&
    [at, ...anew(at, steps)].some((place) =>
      stages.has(steps[place]!.stage?.toLowerCase() ?? "")
    );
}

/** How many bytes a step has moved. */
export function bytesOf({ transfers }: Pick<TimedStep, "transfers">): number {
  return transfers.reduce((sum, { bytes }) => sum + bytes, 0);
}

function moved(step: TimedStep): string {
  const bytes = bytesOf(step);
  return bytes < WORTH_BYTES ? "" : `, which moved ${formatBytes(bytes)}`;
}

/** Whether it copies files of the context, and not of a stage or an image. */
function isCopied({ words }: TimedStep): boolean {
  return FILES_REGEXP.test(words) && !FROM_REGEXP.test(words);
}

/** Why a step ran, and did not come from the cache. */
function reason(
  at: number,
  { steps }: Facts,
): { readonly told: string; readonly cause: number | undefined } | undefined {
  const step = steps[at]!;
  // One that failed runs again in any case.
  if (step.cached || step.error !== undefined) return undefined;
  if (!LAYER_REGEXP.test(step.words)) return undefined;
  const before = builtAnew(at, steps);
  const isFiles = (place: number) => isCopied(steps[place]!);
  const isMounting = step.words.startsWith("RUN ") &&
    step.inputs.some((input) => CONTEXT_REGEXP.test(steps[input]!.words));
  if (!steps.some(({ cached, words }) => cached && LAYER_REGEXP.test(words))) {
    if (isMounting || isFiles(at)) {
      const files = isMounting ? "the files that it mounts" : "its files";
      return {
        told: `it runs again whenever ${files} change`,
        cause: undefined,
      };
    }
    // A first build: any copy of files may change before the next one. Behind
    // the nearest one there is least that a change of it spares.
    const cause = before.findLast(isFiles);
    return cause === undefined ? undefined : {
      told: `it runs again whenever the files of ${
        called(steps[cause]!)
      } change`,
      cause,
    };
  }
  if (before.length === 0) {
    // A base image that is new, or only read anew.
    const isBased = [...uncached(at, steps)].some((place) =>
      steps[place]!.words.startsWith("FROM ")
    );
    const told = isBased
      ? "it was not in the cache"
      : isMounting || FILES_REGEXP.test(step.words)
      ? "its files or its words are not those of the cache"
      : "it was not in the cache, though what it is built upon was";
    return { told, cause: undefined };
  }
  // Those that ran again for a reason of their own.
  const causes = before.filter((place) => anew(place, steps).next().done);
  const named = causes.slice(0, MAX_CAUSES)
    .map((place) => called(steps[place]!));
  if (causes.length > MAX_CAUSES) named.push("others");
  return {
    told: `it runs again because of ${named.join(" or ")}`,
    cause: causes.length === 1 ? causes[0] : undefined,
  };
}

/**
 * The steps that a step is built upon, and that did not come from the cache
 * either; in the order in which they began.
 */
function builtAnew(at: number, steps: readonly TimedStep[]): number[] {
  return [...anew(at, steps)].sort((a, b) => a - b);
}

function* anew(at: number, steps: readonly TimedStep[]): Generator<number> {
  for (const place of uncached(at, steps)) {
    if (LAYER_REGEXP.test(steps[place]!.words)) yield place;
  }
}

/** All that a step is built upon, up to what came from the cache. */
function* uncached(
  at: number,
  steps: readonly TimedStep[],
): Generator<number> {
  const seen = new Set<number>();
  const open = [...steps[at]!.inputs];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { cached, inputs } = steps[next]!;
    if (seen.has(next) || cached) continue;
    seen.add(next);
    yield next;
    open.push(...inputs);
  }
}

/** How long nothing of the path ran. */
function waits({ criticalPath, durationMs }: Facts): string[] {
  const waited = criticalPath.reduce((sum, { waitMs }) => sum + waitMs, 0);
  return isWorth(waited, durationMs)
    ? [
      `For ${secondsOf(waited)} (${
        percentOf(waited, durationMs)
      }) no step ran that the build waited for.`,
    ]
    : [];
}

/** How many steps ran at a time. */
function parallel({ steps, durationMs }: Facts): string[] {
  const work = steps.reduce((sum, step) => sum + step.durationMs, 0);
  const at = durationMs === 0 ? 0 : work / durationMs;
  return at < 1.2 ? [] : [
    `All steps together took ${secondsOf(work)}: ${
      at.toFixed(1)
    } ran at a time, on average.`,
  ];
}

/** A step in a sentence: its words, and its line. */
export function called(
  { words, lines }: Pick<TimedStep, "words" | "lines">,
): string {
  const line = briefWords(words);
  const short = line.length > MAX_WORDS
    ? `${line.slice(0, MAX_WORDS - 1)}…`
    : line;
  return lines === undefined ? short : `${short} at line ${lines.start}`;
}

function isWorth(ms: number, of: number): boolean {
  return of > 0 && ms / of >= WORTH;
}

/** A share in percent. */
export function percentOf(ms: number, of: number): string {
  return `${of === 0 ? 0 : Math.round(100 * ms / of)} %`;
}

/** A time in seconds, or in milliseconds if it is shorter than one. */
export function secondsOf(ms: number): string {
  const whole = Math.round(ms);
  return whole < 1000 ? `${whole} ms` : `${formatSeconds(whole)} s`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
