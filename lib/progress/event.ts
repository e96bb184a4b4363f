import type {
  SourceRange,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from "./solve_status.ts";
import type { RECORD } from "./record.ts";
import type { WarningCode } from "./warning_code.ts";

/**
 * A step was planned, began, ended or changed. All times are milliseconds since
 * the epoch, by the engine's clock.
 */
export interface VertexEvent {
  /** Distinguishes the event from others. */
  readonly type: "vertex";
  /** The step's digest, which identifies it. */
  readonly digest: string;
  /** Readable name, such as `[2/5] RUN make`. */
  readonly name: string;
  /** Digests of the steps whose results it needs. */
  readonly inputs: readonly string[];
  /** Whether its result came from the cache. */
  readonly cached: boolean;
  /**
   * When it began, in milliseconds since the epoch; undefined while it is only
   * planned. A step may begin again.
   */
  readonly started: number | undefined;
  /** When it ended, in milliseconds since the epoch; undefined while it runs. */
  readonly completed: number | undefined;
  /** The engine's error message, if the step failed or was cancelled. */
  readonly error: string | undefined;
  /**
   * The group of steps that displays show as one step; undefined if it is in
   * none.
   */
  readonly group:
    | { readonly id: string; readonly name: string; readonly weak: boolean }
    | undefined;
  /** @internal The record that the engine sent. */
  readonly [RECORD]?: Vertex;
}

/** Progress of a transfer or another action inside a step. */
export interface StatusEvent {
  /** Distinguishes the event from others. */
  readonly type: "status";
  /** Digest of the step. */
  readonly vertex: string;
  /** Identifies the action within the step, and is also its readable text. */
  readonly id: string;
  /** Kind of the action, such as `transferring`. */
  readonly name: string;
  /** How many bytes or steps are done. */
  readonly current: number;
  /** How many there are in all; undefined if not known. */
  readonly total: number | undefined;
  /** The time of this report, in milliseconds since the epoch. */
  readonly time: number;
  /** When the action began, in milliseconds since the epoch; undefined if it has not. */
  readonly started: number | undefined;
  /** When the action ended, in milliseconds since the epoch; undefined while it runs. */
  readonly completed: number | undefined;
  /** @internal The record that the engine sent. */
  readonly [RECORD]?: VertexStatus;
}

/**
 * A piece of what a step printed, as the engine sent it: not always whole
 * lines.
 */
export interface LogEvent {
  /** Distinguishes the event from others. */
  readonly type: "log";
  /** Digest of the step. */
  readonly vertex: string;
  /** The output that the step printed it to. */
  readonly stream: "stdout" | "stderr";
  /**
   * The bytes. Copy them to keep them for long: they are part of a larger
   * buffer.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * The bytes as text. A character that is split between two events is in the
   * text of the second one.
   */
  readonly text: string;
  /** When it was printed, in milliseconds since the epoch. */
  readonly time: number;
  /** @internal The record that the engine sent. */
  readonly [RECORD]?: VertexLog;
}

/** A warning of the engine, or of davit itself. */
export interface WarningEvent {
  /** Distinguishes the event from others. */
  readonly type: "warning";
  /** Digest of the step; undefined if the engine names none. */
  readonly vertex: string | undefined;
  /** How serious it is: 1 is a warning. */
  readonly level: number;
  /** The warning in one sentence. */
  readonly short: string;
  /** Further sentences. */
  readonly detail: readonly string[];
  /** Address of a page about the warning. */
  readonly url: string | undefined;
  /** The place in the Dockerfile. */
  readonly source: WarningSource | undefined;
  /** The kind of the warning, if davit gave it; undefined if the engine did. */
  readonly code: WarningCode | undefined;
  /** @internal The record that the engine sent. */
  readonly [RECORD]?: VertexWarning;
}

/** The place that a warning is about. */
export interface WarningSource {
  /** Name of the file. */
  readonly file: string;
  /** The file's text; undefined if the engine did not send it. */
  readonly text: string | undefined;
  /** The places in the file; lines count from 1, characters from 0. */
  readonly ranges: readonly SourceRange[];
}

/** A secret was asked for or used, or was not; never holds the value. */
export interface SecretEvent {
  /** Distinguishes the event from others. */
  readonly type: "secret";
  /** The secret's id. */
  readonly id: string;
  /**
   * `requested`: the engine asked for it; then follows `served`, or `missing`
   * if it was not given. At the end of the build: `cached` if all steps that
   * mount it came from the cache, `unused` if no step mounts it.
   */
  readonly state: "requested" | "served" | "missing" | "cached" | "unused";
}

/** The engine asked for the login to a registry; never holds the login. */
export interface LoginEvent {
  /** Distinguishes the event from others. */
  readonly type: "login";
  /** The registry in its normal spelling: `docker.io`, or `host[:port]`. */
  readonly registry: string;
  /**
   * `served`: the engine got the login. `anonymous`: there is no login for the
   * registry.
   */
  readonly state: "served" | "anonymous";
}

/** An ssh agent was asked for or used, or was not. */
export interface SshEvent {
  /** Distinguishes the event from others. */
  readonly type: "ssh";
  /** The agent's id in the Dockerfile. */
  readonly id: string;
  /**
   * `used`: a step used it. `missing`: a step asked for it, and it was not
   * given. At the end of the build: `cached` and `unused`, with the same
   * meaning as for a secret.
   */
  readonly state: "used" | "missing" | "cached" | "unused";
}

/** The exported result is complete and in its place. */
export interface ExportEvent {
  /** Distinguishes the event from others. */
  readonly type: "export";
  /** Path of the folder or file; undefined for a stream. */
  readonly dest: string | undefined;
  /**
   * How many files, folders and links were written; 0 for an archive, whose
   * entries are not counted.
   */
  readonly entries: number;
  /** Total size of the files, or size of the archive, in bytes. */
  readonly bytes: number;
  /** How many devices, FIFOs and sockets were left out. */
  readonly skipped: number;
}

/** How much of a context was sent. */
export interface ContextEvent {
  /** Distinguishes the event from others. */
  readonly type: "context";
  /** The name of a context by name; undefined for the main context. */
  readonly name: string | undefined;
  /**
   * How many regular files the context has; undefined for a tar that davit did
   * not make.
   */
  readonly files: number | undefined;
  /** How many of the files the engine had already and did not ask for. */
  readonly filesReused: number;
  /** Total size of these files, or of the tar, in bytes. */
  readonly bytesOffered: number;
  /** How many bytes were sent. */
  readonly bytesSent: number;
}

/**
 * A cache of the options `cachefrom` and `cacheto` was read or written, or could
 * not be. Which steps came from which cache BuildKit does not tell: those that
 * are `cached`, from one that was read or from the engine's own.
 */
export interface CacheEvent {
  /** Distinguishes the event from others. */
  readonly type: "cache";
  /** `import`: it was to be read. `export`: it was to be written. */
  readonly action: "import" | "export";
  /** Its kind: `registry` (also for a cache in an image), `inline`, `gha` … */
  readonly kind: string;
  /**
   * Where it is: the name in a registry, or what else tells it from others of
   * its kind; undefined where that is not known.
   */
  readonly place: string | undefined;
  /** Whether that went well. */
  readonly state: "done" | "failed";
  /** Digest of the manifest that was written; undefined where none is told. */
  readonly digest: string | undefined;
  /** The engine's words, if it failed. */
  readonly error: string | undefined;
}

/** The image was made, or got a name. */
export interface ImageEvent {
  /** Distinguishes the event from others. */
  readonly type: "image";
  /** The image's id, `sha256:…`. */
  readonly id: string;
  /** Digest of the image's manifest; undefined if the engine has none. */
  readonly digest: string | undefined;
  /** The names that the image got. */
  readonly names: readonly string[];
}

/**
 * One thing that happened in a build. Its `type` tells which.
 *
 * @example What the steps print, with the step that printed it
 * ```ts
 * import { DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const build = docker.imageBuild("./app", { tag: "app:1" });
 * const names = new Map<string, string>();
 * for await (const event of build.events()) {
 *   if (event.type === "vertex") names.set(event.digest, event.name);
 *   if (event.type === "log") {
 *     console.log(names.get(event.vertex), event.text.trimEnd());
 *   }
 * }
 * ```
 */
export type BuildEvent =
  | VertexEvent
  | StatusEvent
  | LogEvent
  | WarningEvent
  | SecretEvent
  | LoginEvent
  | SshEvent
  | ExportEvent
  | ContextEvent
  | CacheEvent
  | ImageEvent;
