import type { LineRange } from "../progress/dockerfile.ts";

/**
 * A transfer or another action within a step, such as the download of a layer.
 * Times are milliseconds since the build's begin.
 */
export interface TimedTransfer {
  /** What the engine calls it, such as `transferring context:`. */
  readonly id: string;
  /** How many bytes were moved. */
  readonly bytes: number;
  /** How many there are in all; undefined if not known. */
  readonly total: number | undefined;
  /** When it began; undefined where the engine does not say. */
  readonly startMs: number | undefined;
  /** When it ended; undefined where it did not, or the engine does not say. */
  readonly endMs: number | undefined;
}

/** One period in which a step ran, in milliseconds since the build's begin. */
export interface TimedPeriod {
  /** Its begin. */
  readonly startMs: number;
  /** Its end. */
  readonly endMs: number;
}

/** One step, and when it ran. */
export interface TimedStep {
  /** The step's digest, which identifies it in the build's events. */
  readonly digest: string;
  /** Readable name, such as `[build 2/5] RUN make`. */
  readonly name: string;
  /** The name without what stands in brackets, such as `RUN make`. */
  readonly words: string;
  /**
   * The stage of the Dockerfile; `internal` for steps of the builder itself;
   * undefined where the engine names none, as in a Dockerfile of one stage.
   */
  readonly stage: string | undefined;
  /** The platform, where several are built; undefined otherwise. */
  readonly platform: string | undefined;
  /** The node that ran it, where several build; undefined otherwise. */
  readonly node: string | undefined;
  /** When it first began, in milliseconds since the build's begin. */
  readonly startMs: number;
  /** When it ended at last; if it never did, the end of the build. */
  readonly endMs: number;
  /** How long it ran, pauses not included. */
  readonly durationMs: number;
  /** The periods in which it ran, in their order. */
  readonly periods: readonly TimedPeriod[];
  /** Whether its result came from the cache. */
  readonly cached: boolean;
  /** The engine's error, if it failed or was cancelled. */
  readonly error: string | undefined;
  /** Whether it was only cancelled because the build ended. */
  readonly canceled: boolean;
  /** What it waited for: places in the list of steps. */
  readonly inputs: readonly number[];
  /** Transfers and other actions within it, with bytes. */
  readonly transfers: readonly TimedTransfer[];
  /** Ids of the secrets that it mounts; never a value. */
  readonly secrets: readonly string[];
  /** Whether it mounts a cache, as `RUN --mount=type=cache` does. */
  readonly hasCacheMount: boolean;
  /** Its lines in the Dockerfile; undefined where they are not certain. */
  readonly lines: LineRange | undefined;
  /** Whether it is on the critical path. */
  readonly critical: boolean;
}

/** One step of the critical path. */
export interface CriticalStep {
  /** Its place in the list of steps. */
  readonly step: number;
  /** How much of the build's time passed while all waited for it. */
  readonly ownMs: number;
  /** How long nothing of the path ran before it began. */
  readonly waitMs: number;
}

/** How much time the steps of an instruction took. */
export interface LineTime extends LineRange {
  /** The sum for all of its steps, on all platforms. */
  readonly durationMs: number;
  /** The steps: places in the list of steps. */
  readonly steps: readonly number[];
  /** Whether all of its steps came from the cache. */
  readonly cached: boolean;
}

/** A warning that a build gave. */
export interface TimedWarning {
  /** The warning in one sentence. */
  readonly text: string;
  /** Address of a page about it. */
  readonly url: string | undefined;
  /** Its first line in the Dockerfile. */
  readonly line: number | undefined;
}

/** Why a build failed. */
export interface TimedFailure {
  /** The engine's words. */
  readonly message: string;
  /** The failed step: its place in the list of steps. */
  readonly step: number | undefined;
  /** The failed instruction's lines. */
  readonly lines: LineRange | undefined;
  /** These lines and those around them, the failed ones marked with `>>>`. */
  readonly excerpt: string | undefined;
}

/** The Dockerfile of a build. */
export interface TimedDockerfile {
  /** Its name. */
  readonly name: string;
  /** Its text; values of secrets are masked in it, as in the log. */
  readonly text: string;
}

/**
 * Where the time of a build went, in milliseconds. It is plain data: it can be
 * kept as JSON. Texts are the engine's and the Dockerfile's own words: escape
 * them where you show them.
 */
export interface BuildTimings {
  /** When it began, in milliseconds since the epoch, by the engine's clock. */
  readonly started: number;
  /** How long it took, from the first step's begin to the last step's end. */
  readonly durationMs: number;
  /** How it ended. */
  readonly status: "completed" | "error" | "canceled";
  /** The steps that began, in the order in which they began. */
  readonly steps: readonly TimedStep[];
  /**
   * The steps without which the build would have been shorter, from the first to
   * the last: each of them began when the one before it had ended.
   */
  readonly criticalPath: readonly CriticalStep[];
  /** The time of each instruction, by its first line. */
  readonly lines: readonly LineTime[];
  /** The Dockerfile, where it is known. */
  readonly dockerfile: TimedDockerfile | undefined;
  /** What became of the secrets, by their ids. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The warnings, in their order. */
  readonly warnings: readonly TimedWarning[];
  /** Why it failed; undefined if it did not. */
  readonly failure: TimedFailure | undefined;
  /** What there is to say about it, in sentences. */
  readonly summary: readonly string[];
}
