import type { BuildError } from "../errors.ts";
import type { BuildEvent } from "../progress/event.ts";
import type { BuildHistoryAttachmentQuery } from "./attachment.ts";
import type { BuildHistoryDockerfile } from "./dockerfile.ts";

/** The option that every call about the history has. */
export interface BuildHistoryOptions {
  /** Aborts the call. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `list()`. */
export interface BuildHistoryListOptions extends BuildHistoryOptions {
  /**
   * Filters in the words of `docker buildx history ls --filter`; a record has to
   * fit all of them:
   *
   * - `ref=`, `repository=`: has this in it; `!=`: is something else;
   * - `status=`, `status!=`: `completed`, `error`, `canceled`, `running`;
   * - `startedAt`, `completedAt` with `<`, `<=`, `>`, `>=` and a time, as
   *   `startedAt>24h` (later than a day ago) or an RFC 3339 time;
   * - `duration` with the same signs and a duration, as `duration>90s`.
   */
  readonly filters?: readonly string[] | undefined;
  /** How many records there may be at the most. @default {all} */
  readonly limit?: number | undefined;
}

/** Options of `inspect()`. */
export interface BuildHistoryInspectOptions extends BuildHistoryOptions {
  /** How many lines of a failed step's output its error has. @default {10} */
  readonly logLines?: number | undefined;
}

/** Options of `attachment()`. */
export interface BuildHistoryAttachmentOptions
  extends BuildHistoryAttachmentQuery, BuildHistoryOptions {}

/** Options of `export()`. */
export interface BuildHistoryExportOptions extends BuildHistoryOptions {
  /**
   * Where it goes: a file by its path or `file:` URL, which is there whole or
   * not at all, or a stream.
   */
  readonly dest: string | URL | WritableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Whether BuildKit's own trace of each build is waited for, which it writes
   * some seconds after the build's end.
   *
   * @default {false}
   */
  readonly finalize?: boolean | undefined;
}

/** What was exported. */
export interface BuildHistoryExportResult {
  /** Path of the file; undefined for a stream. */
  readonly dest: string | undefined;
  /** Its size in bytes. */
  readonly bytes: number;
}

/** The log of a build, for {@linkcode displayBuild} and other readers. */
export interface BuildHistoryLog {
  /** The build's id. */
  readonly ref: string;
  /**
   * The events that the engine told of the build, as those of a build that runs.
   * Of a build that has not ended, they go on until it has. Each call begins at
   * the beginning.
   */
  events(): AsyncGenerator<BuildEvent, void, undefined>;
  /**
   * The Dockerfile, as BuildKit has read it. Undefined where the engine does not
   * keep it, as of a build that runs, or failed before its first step.
   */
  dockerfile(): Promise<BuildHistoryDockerfile | undefined>;
  /** What the build was asked for: the frontend's attributes, such as `no-cache`. */
  attrs(): Promise<Readonly<Record<string, string>>>;
  /** The error that the build failed with; undefined if it did not fail. */
  failure(): Promise<BuildError | undefined>;
}
