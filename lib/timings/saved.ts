import { briefWords } from "./step_name.ts";
import { stepKey } from "./step_key.ts";
import type { BuildTimings, TimedStep } from "./timings.ts";

/** What is kept of a step to compare it with one of another build. */
export interface SavedStep {
  /** Its node, platform, stage and words without flags: what tells it from others. */
  readonly key: string;
  /** How long it ran, in milliseconds. */
  readonly durationMs: number;
  /** Whether it came from the cache. */
  readonly cached: boolean;
  /**
   * Whether it failed, or was stopped with the build: its time is not what it
   * needs.
   * @default {false}
   */
  readonly stopped?: boolean | undefined;
}

/** What is kept of a build to compare it with another. */
export interface SavedTimings {
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** How it ended; undefined in a file that does not say it. */
  readonly status?: BuildTimings["status"] | undefined;
  /** Its steps, in the order in which they began. */
  readonly steps: readonly SavedStep[];
}

const FORMAT = "davit-timings/1";
/** What the formats of other versions look like. */
const FAMILY_REGEXP = /^davit-timings\/\d{1,9}$/;
/** How a build may have ended. */
const STATUSES: readonly unknown[] = ["completed", "error", "canceled"];
/** The most that is read of a file. */
export const MAX_SAVED_BYTES: number = 64 * 1024 * 1024;
const EMBEDDED_REGEXP =
  /<script type="application\/json" id="davit-timings">([^<]*)<\/script>/;

/** What of a build is compared with another. */
export function comparable(
  { durationMs, status, steps }: BuildTimings,
): SavedTimings {
  return {
    durationMs,
    status,
    steps: steps.map((step) => ({
      key: keyOf(step),
      durationMs: step.durationMs,
      cached: step.cached,
      stopped: step.error !== undefined ||
        // What still ran when the build was stopped may have no error.
        status !== "completed" && step.endMs >= durationMs,
    })),
  };
}

function keyOf({ node, platform, stage, words }: TimedStep): string {
  const parts = [node, platform, stage, briefWords(words)];
  return stepKey(parts.filter(Boolean).join(" "));
}

/**
 * What is kept of a build to compare it with another, as JSON. It may stand in
 * HTML: it has no `<`. {@linkcode readTimings} reads it.
 *
 * @example
 * ```ts
 * import { DockerClient } from "@davit/build";
 * import { buildTimings, timingsJson } from "@davit/build/timings";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const result = await docker.imageBuild("./app").result();
 * const json = timingsJson(await buildTimings(result));
 * await Deno.writeTextFile("timings.json", json);
 * ```
 */
export function timingsJson(timings: BuildTimings): string {
  const { durationMs, status, steps } = comparable(timings);
  const rows = steps.map(({ key, durationMs, cached, stopped }) => [
    key,
    Math.round(durationMs),
    cached ? 1 : 0,
    ...stopped ? [1] : [],
  ]);
  return JSON.stringify({
    format: FORMAT,
    durationMs: Math.round(durationMs),
    status,
    steps: rows,
  }).replaceAll("<", "\\u003c");
}

/**
 * Reads what was kept of a build, from such JSON or from a page that has it.
 *
 * @throws {TypeError} If the text is neither.
 */
export function readSaved(text: string): SavedTimings {
  const json = EMBEDDED_REGEXP.exec(text)?.[1] ?? text;
  let value;
  try {
    value = JSON.parse(json);
  } catch {
    throw refusal();
  }
  const format: unknown = value?.format;
  if (
    typeof format === "string" && format !== FORMAT &&
    FAMILY_REGEXP.test(format)
  ) {
    throw new TypeError(
      `No timings can be read from this: another version of davit wrote it (${format}, expected ${FORMAT}); write it again with this one`,
    );
  }
  const isMs = (ms: unknown) =>
    typeof ms === "number" && Number.isFinite(ms) && ms >= 0;
  const isSaved = value?.format === FORMAT && isMs(value.durationMs) &&
    (value.status === undefined || STATUSES.includes(value.status)) &&
    Array.isArray(value.steps) &&
    value.steps.every((row: unknown) =>
      Array.isArray(row) && typeof row[0] === "string" && isMs(row[1])
    );
  if (!isSaved) throw refusal();
  const { durationMs, status, steps } = value;
  return {
    durationMs,
    status,
    steps: steps.map((row: [string, number, unknown, unknown]) => ({
      key: row[0],
      durationMs: row[1],
      cached: row[2] === 1,
      stopped: row[3] === 1,
    })),
  };
}

function refusal(): TypeError {
  return new TypeError(
    "No timings can be read from this: expected a page or JSON that davit wrote with --timings, or timingsHtml() or timingsJson()",
  );
}
