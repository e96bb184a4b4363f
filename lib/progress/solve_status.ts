/**
 * What one `moby.buildkit.trace` message says, as plain objects: BuildKit's
 * `StatusResponse`, or `client.SolveStatus` as its clients call it.
 *
 * Every object may carry `unknown`: the bytes of the fields that a newer
 * engine sent and that are not known here, so that they survive a new encoding.
 *
 * @module
 */

/** A moment, as exact as the engine told it. */
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
  /** Progress of transfers and the like. */
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
  /** Its identity. */
  readonly digest: string;
  /** Digests of the steps that it needs. */
  readonly inputs: readonly string[];
  /** Name for people, such as `[2/5] RUN make`. */
  readonly name: string;
  /** Whether the cache had it. */
  readonly cached: boolean;
  /** Absent while it is only planned. */
  readonly started: Timestamp | undefined;
  /** Absent while it runs. */
  readonly completed: Timestamp | undefined;
  /** Empty if all is well. */
  readonly error: string;
  /** The group that it is shown as a part of. */
  readonly group: ProgressGroup | undefined;
  /** Fields of newer engines. */
  readonly unknown?: Uint8Array<ArrayBuffer> | undefined;
}

/** Several steps that are shown as one. */
export interface ProgressGroup {
  /** Its identity. */
  readonly id: string;
  /** Name for people. */
  readonly name: string;
  /** A weak member does not by itself make the group visible. */
  readonly weak: boolean;
  /** Fields of newer engines. */
  readonly unknown?: Uint8Array<ArrayBuffer> | undefined;
}

/** Progress of one action inside a step. */
export interface VertexStatus {
  /** Its identity within the step, and its text for people. */
  readonly id: string;
  /** Digest of the step. */
  readonly vertex: string;
  /** Kind of the action, such as `transferring`. */
  readonly name: string;
  /** Bytes or steps so far. */
  readonly current: number;
  /** 0 when unknown. */
  readonly total: number;
  /** When this was so. */
  readonly timestamp: Timestamp | undefined;
  /** When the action began. */
  readonly started: Timestamp | undefined;
  /** When it ended. */
  readonly completed: Timestamp | undefined;
  /** Fields of newer engines. */
  readonly unknown?: Uint8Array<ArrayBuffer> | undefined;
}

/** A slice of what a step printed: not whole lines, not even whole characters. */
export interface VertexLog {
  /** Digest of the step. */
  readonly vertex: string;
  /** When it was printed. */
  readonly timestamp: Timestamp | undefined;
  /** 1 is stdout, 2 is stderr. */
  readonly stream: number;
  /** The bytes; a view, to be copied before it is kept. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Fields of newer engines. */
  readonly unknown?: Uint8Array<ArrayBuffer> | undefined;
}

/** A warning of the frontend. */
export interface VertexWarning {
  /** Digest of the step. */
  readonly vertex: string;
  /** How serious: 1 is a warning. */
  readonly level: number;
  /** The sentence, in UTF-8. */
  readonly short: Uint8Array<ArrayBuffer>;
  /** More sentences, in UTF-8. */
  readonly detail: readonly Uint8Array<ArrayBuffer>[];
  /** Where more can be read. */
  readonly url: string;
  /** The file that it is about. */
  readonly info: SourceInfo | undefined;
  /** The places in it. */
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
  /** Such as `Dockerfile`. */
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
