import type {
  SourceRange,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from "./solve_status.ts";
import type { RECORD } from "./record.ts";
import type { WarningCode } from "./warning_code.ts";

/** A step of the build changed. All times are milliseconds since the epoch, by the engine's clock. */
export interface VertexEvent {
  /** Tells it from other events. */
  readonly type: "vertex";
  /** Identity of the step. */
  readonly digest: string;
  /** Name for people, such as `[2/5] RUN make`. */
  readonly name: string;
  /** Digests of the steps that it needs. */
  readonly inputs: readonly string[];
  /** Whether the cache had it. */
  readonly cached: boolean;
  /** Absent while it is only planned. A step may start again. */
  readonly started: number | undefined;
  /** Absent while it runs. */
  readonly completed: number | undefined;
  /** The engine's sentence, if it failed or was cancelled. */
  readonly error: string | undefined;
  /** The group that it is shown as a part of. */
  readonly group:
    | { readonly id: string; readonly name: string; readonly weak: boolean }
    | undefined;
  /** @internal What the engine sent. */
  readonly [RECORD]?: Vertex;
}

/** Progress of a transfer or another action inside a step. */
export interface StatusEvent {
  /** Tells it from other events. */
  readonly type: "status";
  /** Digest of the step. */
  readonly vertex: string;
  /** Identity within the step, and its text for people. */
  readonly id: string;
  /** Kind of the action, such as `transferring`. */
  readonly name: string;
  /** Bytes or steps so far. */
  readonly current: number;
  /** Absent when unknown. */
  readonly total: number | undefined;
  /** When this was so. */
  readonly time: number;
  /** When the action began. */
  readonly started: number | undefined;
  /** When it ended. */
  readonly completed: number | undefined;
  /** @internal What the engine sent. */
  readonly [RECORD]?: VertexStatus;
}

/** A slice of what a step printed: as it came, not whole lines. */
export interface LogEvent {
  /** Tells it from other events. */
  readonly type: "log";
  /** Digest of the step. */
  readonly vertex: string;
  /** Where it was printed to. */
  readonly stream: "stdout" | "stderr";
  /** The bytes; to be copied before they are kept for long. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * The bytes as text. A character that is cut by the border of two slices
   * belongs to the second one's text.
   */
  readonly text: string;
  /** When it was printed. */
  readonly time: number;
  /** @internal What the engine sent. */
  readonly [RECORD]?: VertexLog;
}

/** A warning of the engine, or of davit itself. */
export interface WarningEvent {
  /** Tells it from other events. */
  readonly type: "warning";
  /** Digest of the step, where the engine names one. */
  readonly vertex: string | undefined;
  /** How serious: 1 is a warning. */
  readonly level: number;
  /** The sentence. */
  readonly short: string;
  /** More sentences. */
  readonly detail: readonly string[];
  /** Where more can be read. */
  readonly url: string | undefined;
  /** The place in the Dockerfile. */
  readonly source: WarningSource | undefined;
  /** Which of davit's own warnings this is; absent for the engine's. */
  readonly code: WarningCode | undefined;
  /** @internal What the engine sent. */
  readonly [RECORD]?: VertexWarning;
}

/** A place that a warning is about. */
export interface WarningSource {
  /** Name of the file. */
  readonly file: string;
  /** Its text, where the engine sent it. */
  readonly text: string | undefined;
  /** Lines count from 1, characters from 0. */
  readonly ranges: readonly SourceRange[];
}

/** What became of a secret; never its value. */
export interface SecretEvent {
  /** Tells it from other events. */
  readonly type: "secret";
  /** Its id. */
  readonly id: string;
  /**
   * `requested` comes before `served` or `missing`. At the end of the build comes
   * `cached`, where the result of each step that mounts it was there already, or
   * `unused`, where no step mounts it.
   */
  readonly state: "requested" | "served" | "missing" | "cached" | "unused";
}

/** A registry whose login was asked for; never the login. */
export interface LoginEvent {
  /** Tells it from other events. */
  readonly type: "login";
  /** The registry, in its one spelling: `docker.io`, or `host[:port]`. */
  readonly registry: string;
  /** `anonymous`: there is none for it. */
  readonly state: "served" | "anonymous";
}

/** What became of an ssh id. */
export interface SshEvent {
  /** Tells it from other events. */
  readonly type: "ssh";
  /** The id. */
  readonly id: string;
  /** `cached` and `unused` come at the end of the build, as those of a secret. */
  readonly state: "used" | "missing" | "cached" | "unused";
}

/** The result is in its place. */
export interface ExportEvent {
  /** Tells it from other events. */
  readonly type: "export";
  /** The folder or file; undefined for a stream. */
  readonly dest: string | undefined;
  /** Files, folders and links; 0 for an archive, which is not looked into. */
  readonly entries: number;
  /** Bytes of the files, or of the archive. */
  readonly bytes: number;
  /** Devices, FIFOs and sockets that were left out. */
  readonly skipped: number;
}

/** How much of the context was sent. */
export interface ContextEvent {
  /** Tells it from other events. */
  readonly type: "context";
  /** Regular files that were offered; undefined for a tar that davit did not make. */
  readonly files: number | undefined;
  /** Files that the engine had already and did not ask for. */
  readonly filesReused: number;
  /** Bytes that were offered: of those files, or of the tar. */
  readonly bytesOffered: number;
  /** Bytes that were sent. */
  readonly bytesSent: number;
}

/** The image is made. */
export interface ImageEvent {
  /** Tells it from other events. */
  readonly type: "image";
  /** `sha256:…`. */
  readonly id: string;
  /** Digest of the manifest, where the engine has one. */
  readonly digest: string | undefined;
  /** Names that it got. */
  readonly names: readonly string[];
}

/** One thing that happened in a build. */
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
  | ImageEvent;
