import { formatBytes, formatSeconds } from "../display/units.ts";
import { isFresh, reasonOf } from "./reasons.ts";
import { stepNames } from "./step_names.ts";
import type { BuildTimings, TimedStep } from "./timings.ts";

/** What a summary is made from. */
type Facts = Omit<BuildTimings, "summary">;

/** The least share of a build's time that is worth a sentence. */
const WORTH = 0.1;
/** How many steps are spoken of. */
const MAX_STEPS = 3;
/** The least that is worth a word, of what a step has moved. */
export const WORTH_BYTES = 1000;
const MINUTE_MS = 60_000;

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
  const names = stepNames(steps);
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
    sentences.push(`It failed in ${names[failure.step]}.`);
  }
  if (withoutCache === true) sentences.push("It was built without the cache.");
  else if (withoutCache.length > 0) {
    sentences.push(`Built without the cache: ${withoutCache.join(", ")}.`);
  }
  sentences.push(
    ...slowSteps(facts, names, withoutCache),
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
  { steps, criticalPath, durationMs }: Facts,
  names: readonly string[],
  withoutCache: readonly string[] | true,
): string[] {
  return criticalPath.filter(({ ownMs }) => isWorth(ownMs, durationMs))
    .sort((a, b) => b.ownMs - a.ownMs).slice(0, MAX_STEPS)
    .map(({ step: at, ownMs }) => {
      const why = isFresh(at, steps, withoutCache)
        ? undefined
        : reasonOf(at, steps, names);
      const share = `${percentOf(ownMs, durationMs)} of the time (${
        secondsOf(ownMs)
      }) is`;
      const what = `${names[at]}${moved(steps[at]!)}`;
      return `${share} ${
        why?.isHelpless === true
          ? `one RUN that no cache can help as it stands, ${what}`
          : what
      }${why === undefined ? "" : `; ${why.told}`}.`;
    });
}

/** How many bytes a step has moved. */
export function bytesOf({ transfers }: Pick<TimedStep, "transfers">): number {
  return transfers.reduce((sum, { bytes }) => sum + bytes, 0);
}

function moved(step: TimedStep): string {
  const bytes = bytesOf(step);
  return bytes < WORTH_BYTES ? "" : `, which moved ${formatBytes(bytes)}`;
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

function isWorth(ms: number, of: number): boolean {
  return of > 0 && ms / of >= WORTH;
}

/** A share in percent. */
export function percentOf(ms: number, of: number): string {
  return `${of === 0 ? 0 : Math.round(100 * ms / of)} %`;
}

/**
 * A time for people: `12 ms`, `3.4 s`, from a minute on `2 min 5 s`, from an hour
 * on `1 h 30 min`.
 */
export function secondsOf(ms: number): string {
  const whole = Math.round(ms);
  if (whole < 1000) return `${whole} ms`;
  // What would be rounded to 60.0 s is a minute.
  return whole < MINUTE_MS - 50
    ? `${formatSeconds(whole)} s`
    : minutesOf(whole);
}

/** A step's time, as it stands beside its name. */
export function timeOf(
  { cached, durationMs }: Pick<TimedStep, "cached" | "durationMs">,
): string {
  return cached ? "cached" : secondsOf(durationMs);
}

/** A time of a minute or more, such as `2 min 5 s`; what is 0 is left out. */
function minutesOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 3600
    ? inSixties(seconds, "min", "s")
    : inSixties(Math.round(ms / MINUTE_MS), "h", "min");
}

function inSixties(count: number, large: string, small: string): string {
  const rest = count % 60;
  return `${Math.floor(count / 60)} ${large}${
    rest === 0 ? "" : ` ${rest} ${small}`
  }`;
}

/** A number of things in words, such as `1 step` or `2 steps`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
