/**
 * The content of one `moby.buildkit.trace` message as plain objects: BuildKit's
 * `StatusResponse`, which its clients call `client.SolveStatus`.
 *
 * Every object may have `unknown`: the bytes of fields that a newer engine sent
 * and that are not known here. They are kept so that an encoded message has
 * them again.
 *
 * @module
 */

/** A time with the engine's full precision. */
export interface Timestamp {
  /** Whole seconds since the epoch. */
  readonly seconds: number;
  /** Nanoseconds within the second. */
  readonly nanos: number;
}

/** One message of BuildKit's log. */
export interface SolveStatus {
  /** Steps that changed. */
  readonly vertexes: readonly Vertex[];
  /** Progress of transfers and other actions. */
  readonly statuses: readonly VertexStatus[];
  /** Output of steps. */
  readonly logs: readonly VertexLog[];
  /** Warnings of the frontend. */
  readonly warnings: readonly VertexWarning[];
  /** Fields of newer engines. */
  readonly unknown?: Uint8Array<ArrayBuffer> | undefined;
}

/** A step; a later one with the same digest replaces it. */
export interface Vertex {
  /** The step's digest, which identifies it. */
  readonly digest: string;
  /** Digests of the steps whose results it needs. */
  readonly inputs: readonly string[];
  /** Readable name, such as `[2/5] RUN make`. */
  readonly name: string;
  /** Whether its result came from the cache. */
  readonly cached: boolean;
  /** When it began; undefined while it is only planned. */
  readonly started: Timestamp | undefined;
  /** When it ended; undefined while it runs. */
  readonly completed: Timestamp | undefined;
  /** The error message; empty if there is no error. */
  readonly error: string;
  /**
   * The group of steps that displays show as one step; undefined if it is in
   * none.
   */
  readonly group: ProgressGroup | undefined;
  /** Fields of newer engines. */
  readonly unknown?: Uint8Array<ArrayBuffer> | undefined;
}

/** A group of steps that displays show as one step. */
export interface ProgressGroup {
  /** The group's id, which identifies it. */
  readonly id: string;
  /** Readable name. */
  readonly name: string;
  /**
   * Whether the step is a weak member: if only weak members began, the group is
   * not shown.
   */
  readonly weak: boolean;
  /** Fields of newer engines. */
  readonly unknown?: Uint8Array<ArrayBuffer> | undefined;
}

/** Progress of one action inside a step. */
export interface VertexStatus {
  /** Identifies the action within the step, and is also its readable text. */
  readonly id: string;
  /** Digest of the step. */
  readonly vertex: string;
  /** Kind of the action, such as `transferring`. */
  readonly name: string;
  /** How many bytes or steps are done. */
  readonly current: number;
  /** How many there are in all; 0 if not known. */
  readonly total: number;
  /** The time of this report. */
  readonly timestamp: Timestamp | undefined;
  /** When the action began. */
  readonly started: Timestamp | undefined;
  /** When it ended. */
  readonly completed: Timestamp | undefined;
  /** Fields of newer engines. */
  readonly unknown?: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * A piece of what a step printed; it may begin and end within a line, and even
 * within a character.
 */
export interface VertexLog {
  /** Digest of the step. */
  readonly vertex: string;
  /** When it was printed. */
  readonly timestamp: Timestamp | undefined;
  /** The output: 1 is stdout, 2 is stderr. */
  readonly stream: number;
  /** The bytes, as a view into the message: copy them to keep them. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Fields of newer engines. */
  readonly unknown?: Uint8Array<ArrayBuffer> | undefined;
}

/** A warning of the frontend. */
export interface VertexWarning {
  /** Digest of the step. */
  readonly vertex: string;
  /** How serious it is: 1 is a warning. */
  readonly level: number;
  /** The warning in one sentence, in UTF-8. */
  readonly short: Uint8Array<ArrayBuffer>;
  /** Further sentences, in UTF-8. */
  readonly detail: readonly Uint8Array<ArrayBuffer>[];
  /** Address of a page about the warning. */
  readonly url: string;
  /** The file that it is about. */
  readonly info: SourceInfo | undefined;
  /** The places in that file. */
  readonly ranges: readonly SourceRange[];
  /** Fields of newer engines. */
  readonly unknown?: Uint8Array<ArrayBuffer> | undefined;
}

/** A file that a warning is about. */
export interface SourceInfo {
  /** Its name. */
  readonly filename: string;
  /** Its whole text, in UTF-8. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The language, such as `Dockerfile`. */
  readonly language: string;
  /** Fields of newer engines. */
  readonly unknown?: Uint8Array<ArrayBuffer> | undefined;
}

/** A place in a file. */
export interface SourceRange {
  /** Its first position. */
  readonly start: SourcePosition;
  /** Its last position. */
  readonly end: SourcePosition;
}

/** A position in a file. */
export interface SourcePosition {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 0. */
  readonly character: number;
}
