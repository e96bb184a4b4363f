import {
  copiesContext,
  copiesFiles,
  isCopy,
  isLayer,
  keywordOf,
} from "./instruction.ts";
import { isCounted } from "./step_name.ts";
import type { TimedStep } from "./timings.ts";

/** Why a step ran, and did not come from the cache. */
export interface Reason {
  /** The end of a sentence about the step. */
  readonly told: string;
  /**
   * Whether it is a `RUN` behind a copy of the whole context, and without a cache
   * of its own: whatever file changes, all of it runs again.
   */
  readonly isHelpless: boolean;
}

/** How many steps are named as the reason of another. */
const MAX_CAUSES = 2;
/**
 * What loads files of the client or of a git repository, or unpacks a tar, for
 * `COPY` and for `RUN --mount=type=bind`.
 */
const CONTEXT_REGEXP =
  /^(?:load (?:build context|from client|git source .*)|copy \/context \/)$/;

/**
 * Why a step ran; undefined where nothing is certain.
 *
 * @param names How sentences call each of the steps.
 */
export function reasonOf(
  at: number,
  steps: readonly TimedStep[],
  names: readonly string[],
): Reason | undefined {
  const step = steps[at]!;
  // One that failed runs again in any case.
  if (step.cached || step.error !== undefined || !isLayer(step)) {
    return undefined;
  }
  const isFirst = !steps.some((other) => other.cached && isLayer(other));
  const { told, cause } = isFirst
    ? ofFirst(at, steps, names)
    : ofChanged(at, steps, names);
  if (told === undefined) return undefined;
  const isHelpless = keywordOf(step) === "RUN" && !step.hasCacheMount &&
    cause !== undefined && copiesContext(steps[cause]!);
  return { told, isHelpless };
}

/** A reason in words, and the one step that is it, if it is one. */
interface Found {
  readonly told?: string;
  readonly cause?: number | undefined;
}

/** When a step of a first build will run again. */
function ofFirst(
  at: number,
  steps: readonly TimedStep[],
  names: readonly string[],
): Found {
  const step = steps[at]!;
  if (isMounting(step, steps) || copiesFiles(step)) {
    const files = isMounting(step, steps)
      ? "the files that it mounts"
      : "its files";
    return { told: `it runs again whenever ${files} change` };
  }
  // Any copy of files may change before the next build. Behind the nearest one
  // there is least that a change of it spares.
  const cause = builtAnew(at, steps).findLast((place) =>
    copiesFiles(steps[place]!)
  );
  return cause === undefined ? {} : {
    told: `it runs again whenever the files of ${names[cause]} change`,
    cause,
  };
}

/** Why a step of a later build ran again. */
function ofChanged(
  at: number,
  steps: readonly TimedStep[],
  names: readonly string[],
): Found {
  const step = steps[at]!;
  const before = builtAnew(at, steps);
  if (before.length === 0) {
    // A base image that is new, or only read anew.
    const isBased = [...uncached(at, steps)].some((place) =>
      keywordOf(steps[place]!) === "FROM"
    );
    const told = isBased
      ? "it was not in the cache"
      : isMounting(step, steps) || isCopy(step)
      ? "its files or its words are not those of the cache"
      : "it was not in the cache, though what it is built upon was";
    return { told };
  }
  // Those that ran again for a reason of their own.
  const causes = before.filter((place) => anew(place, steps).next().done);
  const named = causes.slice(0, MAX_CAUSES).map((place) => names[place]);
  if (causes.length > MAX_CAUSES) named.push("others");
  return {
    told: `it runs again because of ${named.join(" or ")}`,
    cause: causes.length === 1 ? causes[0] : undefined,
  };
}

/** Whether a step, or one that it is built upon, ran because it was to use no cache. */
export function isFresh(
  at: number,
  steps: readonly TimedStep[],
  withoutCache: readonly string[] | true,
): boolean {
  if (withoutCache === true) return true;
  const stages = new Set(withoutCache.map((name) => name.toLowerCase()));
  return stages.size > 0 &&
    [at, ...anew(at, steps)].some((place) =>
      stages.has(steps[place]!.stage?.toLowerCase() ?? "")
    );
}

/** Whether it is a `RUN` that mounts files of the client. */
function isMounting(step: TimedStep, steps: readonly TimedStep[]): boolean {
  return keywordOf(step) === "RUN" &&
    step.inputs.some((input) => {
      const { name, words } = steps[input]!;
      return !isCounted(name) && CONTEXT_REGEXP.test(words);
    });
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
    if (isLayer(steps[place]!)) yield place;
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
