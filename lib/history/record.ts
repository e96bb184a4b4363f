import { ProtocolError } from "../errors.ts";
import type { HistoryRecordMessage } from "../proto/history.ts";
import type { TimestampMessage } from "../proto/timestamp.ts";
import { buildName } from "./build_name.ts";
import { sortedObject } from "../gotext/json.ts";
import type { LocalState } from "./local_state.ts";

/** How a build stands, or ended. */
export type BuildHistoryStatus = "running" | "completed" | "error" | "canceled";

/** An output of a build, as BuildKit was asked for it. */
export interface BuildHistoryOutput {
  /** BuildKit's exporter, such as `image`, `moby` or `local`. */
  readonly type: string;
  /** Its attributes, such as `name`. */
  readonly attrs: Readonly<Record<string, string>>;
}

/** What an engine remembers of a build. Times are in RFC 3339, in UTC. */
export interface BuildHistoryRecord {
  /** The build's id. */
  readonly ref: string;
  /**
   * What was built, in the form that buildx shows: the folder's name, or that of
   * the Dockerfile, and the target; empty where nothing of it is known.
   */
  readonly name: string;
  /** How the build stands, or ended. */
  readonly status: BuildHistoryStatus;
  /** When it began, to the nanosecond. */
  readonly createdAt: string;
  /** When it ended, to the nanosecond; undefined while it runs. */
  readonly completedAt: string | undefined;
  /** How long it took, or runs already, in milliseconds. */
  readonly duration: number;
  /** How many steps it had; 0 while it runs. */
  readonly totalSteps: number;
  /** How many of them ended. */
  readonly completedSteps: number;
  /** How many of them came from the cache. */
  readonly cachedSteps: number;
  /** How many warnings the engine gave. */
  readonly warnings: number;
  /** Whether the engine keeps the record for ever. */
  readonly pinned: boolean;
  /** Why it failed, in the engine's words; undefined if it did not. */
  readonly error: BuildHistoryFailure | undefined;
  /** What it was asked to put out; nothing for a build into the cache alone. */
  readonly outputs: readonly BuildHistoryOutput[];
  /**
   * The attributes of the Dockerfile frontend, in BuildKit's words, such as
   * `target`, `platform` and `build-arg:NAME`.
   */
  readonly attrs: Readonly<Record<string, string>>;
}

/** Why a build failed. */
export interface BuildHistoryFailure {
  /** The code, as gRPC counts them: 1 for a build that was cancelled, mostly 2. */
  readonly code: number;
  /** The engine's words. */
  readonly message: string;
}

/** gRPC's code of what was cancelled. */
export const CANCELLED = 1;

/** How a build stands, in buildx's words. */
export function statusOf(
  { completedAt, error }: HistoryRecordMessage,
): BuildHistoryStatus {
  if (completedAt === undefined) return "running";
  if (error === undefined) return "completed";
  const { code, message } = error;
  return code === CANCELLED || message.includes("context canceled")
    ? "canceled"
    : "error";
}

/** A record as it is told. @param now The time, in milliseconds. */
export function recordOf(
  message: HistoryRecordMessage,
  state: LocalState | undefined,
  now: number,
): BuildHistoryRecord {
  const { createdAt, completedAt, error } = message;
  return {
    ref: message.ref,
    name: buildName(message.frontendAttrs, state),
    status: statusOf(message),
    createdAt: textOf(createdAt),
    completedAt: completedAt && textOf(completedAt),
    duration: Math.max(
      0,
      completedAt === undefined
        ? now - millisBetween(undefined, createdAt)
        : millisBetween(createdAt, completedAt),
    ),
    totalSteps: message.totalSteps,
    completedSteps: message.completedSteps,
    cachedSteps: message.cachedSteps,
    warnings: message.warnings,
    pinned: message.pinned,
    error: error && { code: error.code, message: error.message },
    outputs: message.exporters.map(({ type, attrs }) => ({
      type,
      attrs: sortedObject(attrs) ?? {},
    })),
    attrs: sortedObject(message.frontendAttrs) ?? {},
  };
}

/** Without times, 1970 is meant. */
function millisBetween(
  from: TimestampMessage = { seconds: 0, nanos: 0 },
  to: TimestampMessage = { seconds: 0, nanos: 0 },
): number {
  return (to.seconds - from.seconds) * 1e3 + (to.nanos - from.nanos) / 1e6;
}

/** From the year 1 to the year 9999, as protobuf's timestamps. */
const MIN_SECONDS = -62_135_596_800;
const MAX_SECONDS = 253_402_300_799;

/**
 * A time in RFC 3339, as Go writes one to the nanosecond.
 *
 * @throws {ProtocolError} If it is none that a timestamp may have.
 */
export function textOf(time: TimestampMessage | undefined): string {
  const { seconds, nanos } = time ?? { seconds: 0, nanos: 0 };
  const isTime = seconds >= MIN_SECONDS && seconds <= MAX_SECONDS &&
    nanos >= 0 &&
    nanos < 1e9;
  if (!isTime) {
    throw new ProtocolError(
      `The engine tells a time that is none: ${seconds} seconds, ${nanos} nanoseconds`,
    );
  }
  const [whole] = new Date(seconds * 1000).toISOString().split(".");
  const part = String(nanos).padStart(9, "0").replace(/0+$/, "");
  return `${whole}${part === "" ? "" : `.${part}`}Z`;
}
